// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "attr.h"
#include "container.h"
#include "message.h"
#include "name.h"
#include "status.h"

static bool component_is_name(const char *name, size_t len)
{
	return len && !(len == 1 && name[0] == '.') &&
	       !(len == 2 && name[0] == '.' && name[1] == '.');
}

char *container_name(const char *text)
{
	bool rooted = *text == '/';
	const char *end, *name, *next;

	text += strspn(text, "/");
	end = text + strlen(text);
	while (end > text && end[-1] == '/')
		end--;
	if (text == end)
		return rooted ? format("/") : NULL;
	for (name = text; name < end; name = next + 1) {
		next = memchr(name, '/', end - name);
		if (!next)
			next = end;
		if (!component_is_name(name, next - name))
			return NULL;
	}
	return format("%.*s", (int)(end - text), text);
}

int container_try_open(struct container *c, const struct hierarchy *h,
		       const char *name)
{
	const char *path = strcmp(name, "/") ? name : ".";

	c->dir = openat(h->fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0)
		return -errno;
	c->h = h;
	c->name = allocated(strdup(name));
	return 0;
}

void container_open(struct container *c, const struct hierarchy *h,
		    const char *text)
{
	char *name = name_existing(h, text);
	int err;

	if (!name)
		fail(STATUS_USAGE, "not the name of a container: '%s'", text);
	err = container_try_open(c, h, name);
	if (err == -ENOENT || err == -ENOTDIR)
		fail(STATUS_NO_CONTAINER, "no such container: %s", name);
	if (err)
		fail(STATUS_FAILED, "%s: %s", name, strerror(-err));
	free(name);
}

void container_close(struct container *c)
{
	close(c->dir);
	free(c->name);
}

static bool is_gone(const struct container *c)
{
	const char *path = strcmp(c->name, "/") ? c->name : ".";

	return faccessat(c->h->fd, path, F_OK, 0) && errno == ENOENT;
}

static bool is_enabled(const struct container *c)
{
	return !faccessat(c->dir, attr_file(c->h, ATTR_USAGE), F_OK, 0);
}

int container_explain(const struct container *c, const char *file, int err)
{
	if (err == -ENODEV || (err == -ENOENT && is_gone(c))) {
		message(LOG_ERR, "no such container: %s", c->name);
		return STATUS_NO_CONTAINER;
	}
	if (err == -ENOENT && !is_enabled(c)) {
		message(LOG_ERR, "%s: the rss controller is not enabled there",
			c->name);
		return STATUS_UNSUPPORTED;
	}
	if (err == -ENOENT && !strcmp(c->name, "/")) {
		message(LOG_ERR, "the root has no %s", file);
		return STATUS_UNSUPPORTED;
	}
	if (err == -ENOENT || err == -ENODATA) {
		message(LOG_ERR, "%s: this kernel has no %s", c->name, file);
		return STATUS_UNSUPPORTED;
	}
	if (err == -EBUSY || err == -EAGAIN) {
		message(LOG_ERR, "%s: busy: not enough can be reclaimed",
			c->name);
		return STATUS_BUSY;
	}
	message(LOG_ERR, "%s: %s: %s", c->name, file, strerror(-err));
	return STATUS_FAILED;
}

void container_fail(const struct container *c, const char *file, int err)
{
	quit(container_explain(c, file, err));
}
