// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "file.h"
#include "lifecycle.h"
#include "message.h"
#include "status.h"
#include "walk.h"

/* A killed task may have much memory to free before it is gone. */
#define REMOVE_SECONDS	30
#define REMOVE_POLL_US	10000

/* In v2 a container has the files of controllers that its parent enabled. */
static void enable_below(const struct hierarchy *h, const char *parent)
{
	struct container c;
	int err = 0;

	container_open(&c, h, parent);
	/* Whoever was given a part of v2 can't write above it. */
	if (!file_has_word(c.dir, "cgroup.subtree_control", "rss"))
		err = file_write(c.dir, "cgroup.subtree_control", "+rss");
	if (err)
		fail(STATUS_FAILED, "%s: enabling the rss controller below it: %s",
		     c.name, err == -EBUSY ? "it has processes of its own" :
		     strerror(-err));
	container_close(&c);
}

static void enable_above(const struct hierarchy *h, const char *name)
{
	char *parent = allocated(strdup(name));
	char *slash = parent;

	enable_below(h, "/");
	while ((slash = strchr(slash, '/'))) {
		*slash = 0;
		enable_below(h, parent);
		*slash++ = '/';
	}
	free(parent);
}

void container_make(struct container *c, const struct hierarchy *h,
		    const char *text)
{
	char *name = container_name(text);
	const char *slash;

	if (!name || !strcmp(name, "/"))
		fail(STATUS_USAGE, "not the name of a container: '%s'", text);
	slash = strrchr(name, '/');
	if (h->version == 2)
		enable_above(h, name);
	if (mkdirat(h->fd, name, 0755)) {
		if (errno == ENOENT && slash)
			fail(STATUS_NO_CONTAINER, "no such container: %.*s",
			     (int)(slash - name), name);
		if (errno == EEXIST)
			fail(STATUS_FAILED, "container exists: %s", name);
		fail(STATUS_FAILED, "making %s: %s", name, strerror(errno));
	}
	container_open(c, h, name);
	free(name);
}

static void kill_each(const struct container *c)
{
	int fd = openat(c->dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	int pid;

	if (!procs)
		return;
	/* It is 0 for processes that this PID namespace does not have. */
	while (fscanf(procs, "%d", &pid) == 1)
		if (pid > 0)
			kill(pid, SIGKILL);
	fclose(procs);
}

/* In v2 the kernel can do it. */
static void kill_tasks(const struct hierarchy *h, const char *name)
{
	struct container c;

	if (container_try_open(&c, h, name))
		return;
	if (h->version == 1 || file_write(c.dir, "cgroup.kill", "1"))
		kill_each(&c);
	container_close(&c);
}

/*
 * Tasks are killed from the top down, as those above may start others below
 * anew. They can fork and make containers as long as they live, and are there
 * for a while after they have been killed: -EBUSY.
 */
static int try_remove(const struct hierarchy *h, const char *name)
{
	struct names names;
	int err = 0;
	size_t i;

	names_below(&names, h, name);
	for (i = 0; i < names.nr; i++)
		kill_tasks(h, names.name[i]);
	for (i = names.nr; i-- && !err;)
		if (unlinkat(h->fd, names.name[i], AT_REMOVEDIR) &&
		    errno != ENOENT)
			err = -errno;
	names_free(&names);
	return err;
}

int container_remove(const struct hierarchy *h, const char *name)
{
	double end = monotonic_seconds() + REMOVE_SECONDS;
	int err;

	while ((err = try_remove(h, name)) == -EBUSY &&
	       monotonic_seconds() < end)
		usleep(REMOVE_POLL_US);
	return err;
}
