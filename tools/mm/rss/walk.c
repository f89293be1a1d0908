// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "message.h"
#include "walk.h"

static int is_child(const struct dirent *ent)
{
	return ent->d_type == DT_DIR && strcmp(ent->d_name, ".") &&
	       strcmp(ent->d_name, "..");
}

/* Containers come and go: that one has gone is no error. */
static int error_of(int err)
{
	return err == ENOENT || err == ENODEV || err == ENOTDIR ? 0 : -err;
}

int children_each(int dir, child_fn fn, void *arg)
{
	struct dirent **children;
	int i, nr, fd, err = 0, failed;

	nr = scandirat(dir, ".", &children, is_child, versionsort);
	if (nr < 0)
		return error_of(errno);
	for (i = 0; i < nr; i++) {
		fd = openat(dir, children[i]->d_name,
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0) {
			failed = error_of(errno);
		} else {
			failed = fn(dir, children[i]->d_name, fd, arg);
			close(fd);
		}
		err = err ?: failed;
		free(children[i]);
	}
	free(children);
	return err;
}

struct walk {
	struct container *c;
	walk_fn fn;
	void *arg;
};

static int walk_from(struct walk *w);

static int walk_child(int parent, const char *name, int dir, void *arg)
{
	struct walk *above = arg;
	struct container c = { .h = above->c->h, .dir = dir };
	struct walk w = { &c, above->fn, above->arg };
	int err;

	(void)parent;
	if (strcmp(above->c->name, "/"))
		c.name = format("%s/%s", above->c->name, name);
	else
		c.name = format("%s", name);
	err = walk_from(&w);
	free(c.name);
	return err;
}

static int walk_from(struct walk *w)
{
	w->fn(w->c, w->arg);
	return children_each(w->c->dir, walk_child, w);
}

int walk(const struct hierarchy *h, const char *top, walk_fn fn, void *arg)
{
	struct container c;
	struct walk w = { &c, fn, arg };
	int err;

	err = container_try_open(&c, h, top);
	if (err)
		return error_of(-err);
	err = walk_from(&w);
	container_close(&c);
	return err;
}
