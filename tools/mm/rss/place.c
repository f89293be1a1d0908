// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container.h"
#include "file.h"
#include "message.h"
#include "own.h"
#include "place.h"
#include "status.h"
#include "tasks.h"

/* In the environment of an rssctl that was started again */
#define SCOPED	"RSSCTL_IN_SCOPE"

/* Where rssctl stays meanwhile, below the container that it was in */
static struct {
	pid_t pid;
	int above;
	bool enabled;
	char *name;
} leaf;

/* Everything is as before, unless there are containers left. */
static void step_up(void)
{
	/* A command that could not be started is not who stepped down. */
	if (leaf.pid != getpid())
		return;
	if (leaf.enabled)
		file_write(leaf.above, "cgroup.subtree_control", "-rss");
	if (!file_write(leaf.above, "cgroup.procs", "0"))
		unlinkat(leaf.above, leaf.name, AT_REMOVEDIR);
}

static void step_down(const struct container *own)
{
	int dir, err;

	leaf.name = format("rssctl-%d", getpid());
	leaf.above = fcntl(own->dir, F_DUPFD_CLOEXEC, 0);
	if (leaf.above < 0 || mkdirat(own->dir, leaf.name, 0755))
		fail(STATUS_FAILED, "making %s/%s: %s", own->name, leaf.name,
		     strerror(errno));
	leaf.pid = getpid();
	atexit(step_up);
	dir = openat(own->dir, leaf.name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	err = dir < 0 ? -errno : file_write(dir, "cgroup.procs", "0");
	if (err)
		fail(STATUS_FAILED, "moving to %s/%s: %s", own->name, leaf.name,
		     strerror(-err));
	close(dir);
	leaf.enabled = !file_has_word(own->dir, "cgroup.subtree_control",
				      "rss");
}

static bool is_alone(const struct container *c)
{
	struct tasks tasks;
	bool alone;

	tasks_read(&tasks, c->dir);
	alone = tasks.nr == 1 && !tasks.nr_foreign;
	tasks_free(&tasks);
	return alone;
}

/*
 * Processes of a service stay in the service, under its limits. Processes of a
 * session may as well be in a scope beside it.
 */
static bool may_leave(const char *own)
{
	size_t len = strlen(own);

	return len > 6 && !strcmp(own + len - 6, ".scope") &&
	       !access("/run/systemd/system", F_OK);
}

static __noreturn void start_in_scope(char **argv)
{
	static const char * const start[] = {
		"systemd-run", "--scope", "--quiet", "--collect",
		"--slice-inherit", "--property=Delegate=yes",
		"--setenv=" SCOPED "=1",
	};
	char self[4096] = "", **args;
	size_t nr, i;

	for (nr = 0; argv[nr]; nr++)
		;
	args = allocated(calloc(ARRAY_SIZE(start) + nr + 4, sizeof(*args)));
	for (i = 0; i < ARRAY_SIZE(start); i++)
		args[i] = (char *)start[i];
	args[i++] = geteuid() ? "--user" : "--system";
	args[i++] = "--";
	args[i++] = self;
	memcpy(args + i, argv, nr * sizeof(*argv));
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) > 0)
		execvp(args[0], args);
	fail(STATUS_FAILED, "systemd-run: %s", strerror(errno));
}

static void make_room(const struct container *own, char **argv)
{
	bool scoped = getenv(SCOPED);

	unsetenv(SCOPED);
	if (is_alone(own))
		step_down(own);
	else if (may_leave(own->name) && !scoped)
		start_in_scope(argv);
	else
		fail(STATUS_FAILED,
		     "%s has other processes, so cgroup v2 has no room for a container below it: give a --name",
		     own->name);
}

char *place_below_own(const struct hierarchy *h, char **argv)
{
	char *name = own_name(h);
	struct container own;

	if (!name)
		fail(STATUS_FAILED,
		     "this process is outside %s: give a --name", h->path);
	container_open(&own, h, name);
	if (h->version == 2 && strcmp(name, "/") &&
	    !file_has_word(own.dir, "cgroup.subtree_control", "rss"))
		make_room(&own, argv);
	container_close(&own);
	return name;
}
