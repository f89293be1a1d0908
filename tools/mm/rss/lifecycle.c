// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "enable.h"
#include "file.h"
#include "lifecycle.h"
#include "message.h"
#include "name.h"
#include "size.h"
#include "status.h"
#include "tasks.h"
#include "walk.h"

/* A killed task may have much memory to free before it is gone. */
#define REMOVE_SECONDS	30
#define REMOVE_POLL_US	10000

/* Containers of the same name with other endings */
#define MOST_OF_A_NAME	1000

void container_enable(const struct hierarchy *h, const char *name)
{
	const char *why;
	char *where;
	int err;

	err = enable_for(h, name, &where);
	if (!err)
		return;
	if (err == -ENOENT || err == -ENOTDIR)
		fail(STATUS_NO_CONTAINER, "no such container: %s", where);
	if (err == -EBUSY)
		why = "it has processes of its own";
	else if (err == -EACCES || err == -EPERM)
		why = "that is for root, see rssctl enable";
	else
		why = strerror(-err);
	fail(STATUS_FAILED, "%s: enabling the rss controller below it: %s",
	     where, why);
}

/* Returns 0 or -EEXIST, or ends the program. */
static int try_make(struct container *c, const struct hierarchy *h,
		    const char *name)
{
	const char *slash = strrchr(name, '/');

	container_enable(h, name);
	if (!mkdirat(h->fd, name, 0755)) {
		container_open(c, h, name);
		return 0;
	}
	if (errno == ENOENT && slash)
		fail(STATUS_NO_CONTAINER, "no such container: %.*s",
		     (int)(slash - name), name);
	if (errno != EEXIST)
		fail(STATUS_FAILED, "making %s: %s", name, strerror(errno));
	return -EEXIST;
}

void container_make(struct container *c, const struct hierarchy *h,
		    const char *text)
{
	char *name = name_new(h, text);

	if (!name || !strcmp(name, "/"))
		fail(STATUS_USAGE, "not the name of a container: '%s'", text);
	if (try_make(c, h, name))
		fail(STATUS_FAILED, "container exists: %s", name);
	free(name);
}

void container_make_some(struct container *c, const struct hierarchy *h,
			 const char *parent, const char *name)
{
	char *path;
	int i, err;

	if (!strcmp(parent, "/"))
		path = format("%s", name);
	else
		path = format("%s/%s", parent, name);
	err = try_make(c, h, path);
	for (i = 2; err && i <= MOST_OF_A_NAME; i++) {
		char *other = format("%s-%d", path, i);

		err = try_make(c, h, other);
		free(other);
	}
	if (err)
		fail(STATUS_FAILED, "container exists: %s", path);
	free(path);
}

/* In v2 the kernel can do it. */
static int kill_below(int parent, const char *name, int dir, void *arg)
{
	(void)parent;
	(void)name;
	if (file_write(dir, "cgroup.kill", "1"))
		tasks_kill(dir);
	return children_each(dir, kill_below, arg);
}

static int remove_child(int parent, const char *name, int dir, void *arg)
{
	int err = children_each(dir, remove_child, arg);

	if (err || !unlinkat(parent, name, AT_REMOVEDIR) || errno == ENOENT)
		return err;
	return -errno;
}

/* A directory that is open: what is it called in the one above it? */
struct search {
	const struct stat *wanted;
	char *name;
};

static int compare_child(int parent, const char *name, int dir, void *arg)
{
	struct search *search = arg;
	struct stat st;

	(void)parent;
	if (!search->name && !fstat(dir, &st) &&
	    st.st_ino == search->wanted->st_ino &&
	    st.st_dev == search->wanted->st_dev)
		search->name = allocated(strdup(name));
	return 0;
}

/*
 * Another container may have its name by now, whose tasks are none of ours: the
 * one that is open counts, and containers stay below their parent.
 */
static int remove_open(const struct container *c)
{
	struct search search = { };
	struct stat st;
	int above, err;

	above = openat(c->dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above < 0 || fstat(c->dir, &st))
		return -errno;
	search.wanted = &st;
	/* Without a name, it is gone already, unless the search failed. */
	err = children_each(above, compare_child, &search);
	if (search.name)
		err = unlinkat(above, search.name, AT_REMOVEDIR) &&
		      errno != ENOENT ? -errno : 0;
	free(search.name);
	close(above);
	return err;
}

/*
 * Kills from the top down, because tasks further up may start others below.
 * Tasks can fork and make containers as long as they live, and take a while
 * to exit once killed: -EBUSY.
 */
static int try_remove(const struct container *c)
{
	int err;

	kill_below(-1, NULL, c->dir, NULL);
	err = children_each(c->dir, remove_child, NULL);
	return err ?: remove_open(c);
}

int container_remove_empty(const struct container *c)
{
	return remove_open(c);
}

int container_remove(const struct container *c)
{
	double end = monotonic_seconds() + REMOVE_SECONDS;
	int err;

	/* One for each level that it is deep */
	file_limit_raise();
	while ((err = try_remove(c)) == -EBUSY && monotonic_seconds() < end)
		usleep(REMOVE_POLL_US);
	return err;
}

void container_begin_with(const struct container *c, enum attr id,
			  unsigned long long value)
{
	int err, status;

	if (value == SIZE_UNLIMITED)
		return;
	err = attr_write(c->h, c->dir, id, value);
	if (!err)
		return;
	status = container_explain(c, attr_file(c->h, id), err);
	container_remove(c);
	quit(status);
}
