// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "lifecycle.h"
#include "message.h"
#include "status.h"
#include "walk.h"

/* A killed task may have much memory to free before it is gone. */
#define REMOVE_SECONDS	30
#define REMOVE_POLL_US	10000
#define REMOVE_POLLS	(REMOVE_SECONDS * (1000000 / REMOVE_POLL_US))

/* In v2 a container has the files of controllers that its parent enabled. */
static void enable_below(const struct hierarchy *h, const char *parent)
{
	struct container c;
	int err;

	container_open(&c, h, parent);
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
 * Tasks can fork as long as they live, and are there for a while after they
 * have been killed. No task of an upper container can get into a lower one
 * that is gone.
 */
static int remove_one(const struct hierarchy *h, const char *name)
{
	int polls = REMOVE_POLLS;

	while (unlinkat(h->fd, name, AT_REMOVEDIR)) {
		if (errno == ENOENT)
			return 0;
		if (errno != EBUSY || !polls--)
			return -errno;
		kill_tasks(h, name);
		usleep(REMOVE_POLL_US);
	}
	return 0;
}

int container_remove(const struct hierarchy *h, const char *name)
{
	struct names names;
	int err = 0;
	size_t i;

	/* One that is made below meanwhile takes another look. */
	do {
		names_below(&names, h, name);
		for (i = names.nr; i-- && !err;)
			err = remove_one(h, names.name[i]);
		i = names.nr;
		names_free(&names);
	} while (!err && i);
	return err;
}
