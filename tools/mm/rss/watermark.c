// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "attr.h"
#include "size.h"
#include "walk.h"
#include "watermark.h"

/* "SET FORMER", in bytes */
#define KEPT	"user.rssd.watermark"

static bool load(struct watermark *mark, const struct container *c)
{
	ssize_t len;
	char text[64];

	len = fgetxattr(c->dir, KEPT, text, sizeof(text) - 1);
	if (len < 0)
		return false;
	text[len] = 0;
	mark->taken = sscanf(text, "%llu %llu", &mark->set,
			     &mark->former) == 2;
	return mark->taken;
}

/* Where files have no attributes, it is known until rssd ends. */
static void keep(const struct watermark *mark, const struct container *c)
{
	char text[64];

	snprintf(text, sizeof(text), "%llu %llu", mark->set, mark->former);
	fsetxattr(c->dir, KEPT, text, strlen(text), 0);
}

/* Control files have whole pages. */
static bool is_set(const struct watermark *mark, const struct container *c,
		   unsigned long long now)
{
	if (mark->set == SIZE_UNLIMITED || now == SIZE_UNLIMITED)
		return mark->set == now;
	return mark->set / c->h->page_size == now / c->h->page_size;
}

int watermark_take(struct watermark *mark, const struct container *c,
		   unsigned long long value)
{
	unsigned long long now;
	int err;

	err = attr_read(c->h, c->dir, ATTR_WATERMARK, &now);
	if (err)
		return err;
	if (!mark->taken || !is_set(mark, c, now))
		mark->former = now;
	mark->taken = true;
	mark->set = value;
	keep(mark, c);
	return attr_write(c->h, c->dir, ATTR_WATERMARK, value);
}

void watermark_give_back(struct watermark *mark, const struct container *c)
{
	unsigned long long now;

	if (!mark->taken)
		return;
	mark->taken = false;
	if (!attr_read(c->h, c->dir, ATTR_WATERMARK, &now) &&
	    is_set(mark, c, now))
		attr_write(c->h, c->dir, ATTR_WATERMARK, mark->former);
	fremovexattr(c->dir, KEPT);
}

static void give_back(struct container *c, void *arg)
{
	struct watermark mark = { };

	(void)arg;
	if (load(&mark, c))
		watermark_give_back(&mark, c);
}

void watermarks_give_back(const struct hierarchy *h)
{
	walk(h, "/", give_back, NULL);
}
