// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "attr.h"
#include "file.h"
#include "reclaim.h"
#include "size.h"

/* As the kernel has it when it shrinks in v1. */
#define EFFORT		4
#define LEAST_PAGES	512

const char *reclaim_file(const struct hierarchy *h)
{
	return h->version == 1 ? "rss_shrink_in_bytes" : "rss.reclaim";
}

int reclaim_once(const struct container *c, unsigned long long usage,
		 unsigned long long target)
{
	char text[SIZE_TEXT];
	int err;

	/* rss.reclaim is told how much, not how far. */
	snprintf(text, sizeof(text), "%llu",
		 c->h->version == 1 ? target : usage - target);
	err = file_write_once(c->dir, reclaim_file(c->h), text);
	return err == -EAGAIN ? -EBUSY : err;
}

/* The most to ask for in all. */
static unsigned long long effort(const struct container *c,
				 unsigned long long excess)
{
	unsigned long long least = LEAST_PAGES * c->h->page_size;

	return EFFORT * (excess > least ? excess : least);
}

/*
 * In v2, what is mapped meanwhile takes another try; less may be enough. Tasks
 * that fault as fast as that must not keep it here forever.
 */
int reclaim_to(const struct container *c, unsigned long long target)
{
	unsigned long long usage, asked = 0, most = 0;
	int err, tried = 0;

	for (;;) {
		err = attr_read(c->h, c->dir, ATTR_USAGE, &usage);
		if (err)
			return err;
		if (c->h->version == 1) {
			err = reclaim_once(c, usage, target);
			if (err == -EINTR)
				continue;
			return err;
		}
		if (usage <= target || tried)
			return usage <= target ? 0 : tried;
		if (!asked)
			most = effort(c, usage - target);
		if (asked >= most)
			return -EBUSY;
		asked += usage - target;
		tried = reclaim_once(c, usage, target);
		if (tried == -EINTR)
			tried = 0;
	}
}
