// SPDX-License-Identifier: GPL-2.0
/*
 * rssctl on containers that exist: what it shows is what the files say, what
 * it sets is in them, and what it cannot do has one clear line and a status
 * of its own.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "hierarchy.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "tool.h"

#define FILLED		1024

/* Exit statuses of rssctl */
#define FAILED		1
#define MISUSED		2
#define UNSUPPORTED	3
#define NO_CONTAINER	4
#define BUSY		5
#define TIMED_OUT	7

static const char *name_of(const char *container)
{
	return container_path(container) + 1;
}

/* A container with a child that holds FILLED pages. */
static char *filled(struct child *child, bool locked)
{
	static struct filler filler = { .pages = FILLED };
	char *c = container_new(NULL, "ctl");

	filler.locked = locked;
	child_start(child, c, child_filler, &filler);
	child_step(child);
	return c;
}

static void test_stat(void)
{
	struct child child;
	char *c = filled(&child, false);
	char want[64];
	struct tool t;

	container_set(c, "rss_limit", "64M");
	tool_run(&t, "rssctl", "stat", "-b", name_of(c), NULL);
	tool_expect_status(&t, 0);
	snprintf(want, sizeof(want), "usage          %ld\n",
		 container_usage(c) * (long)page_size());
	tool_expect_out(&t, want);
	tool_expect_out(&t, "limit          67108864\n");
	snprintf(want, sizeof(want), "anon           %ld\n",
		 container_stat(c, "anon") * (long)page_size());
	tool_expect_out(&t, want);

	tool_run(&t, "rssctl", "stat", "--json", name_of(c), NULL);
	tool_expect_status(&t, 0);
	snprintf(want, sizeof(want), "\"usage\": %ld,",
		 container_usage(c) * (long)page_size());
	tool_expect_out(&t, want);
	tool_expect_out(&t, "\"limit\": 67108864,");
}

static void test_ls(void)
{
	char *c = container_new(NULL, "ls"), want[PATH_MAX];
	struct tool t;

	container_new(c, "b");
	container_new(container_new(c, "a"), "x");
	tool_run(&t, "rssctl", "ls", "-q", name_of(c), NULL);
	tool_expect_status(&t, 0);
	snprintf(want, sizeof(want), "%s\n%s/a\n%s/a/x\n%s/b\n", name_of(c),
		 name_of(c), name_of(c), name_of(c));
	require(!strcmp(t.out, want), "it lists '%s', not '%s'", t.out, want);

	container_set(c, "rss_limit", "512K");
	tool_run(&t, "rssctl", "ls", name_of(c), NULL);
	tool_expect_out(&t, "512K");
	tool_run(&t, "rssctl", "ls", "-j", NULL);
	snprintf(want, sizeof(want), "\"name\": \"%s/a/x\"", name_of(c));
	tool_expect_out(&t, want);
	tool_expect_out(&t, "\"limit\": 524288");
	tool_expect_out(&t, "\"limit\": null");
}

static void set(struct tool *t, const char *c, const char *setting)
{
	tool_run(t, "rssctl", "set", name_of(c), setting, NULL);
}

static void test_set(void)
{
	char *c = container_new(NULL, "set");
	struct tool t;

	set(&t, c, "limit=24M");
	tool_expect_status(&t, 0);
	require(container_get(c, "rss_limit") == (24 << 20) / (long)page_size(),
		"the limit is %ld", container_get(c, "rss_limit"));
	set(&t, c, "limit=6000p");
	require(container_get(c, "rss_limit") == 6000, "the limit is %ld",
		container_get(c, "rss_limit"));
	/* Pages or bytes? */
	set(&t, c, "limit=5000");
	tool_expect_status(&t, MISUSED);
	tool_expect_err(&t, "needs a unit");
	set(&t, c, "usage=0");
	tool_expect_status(&t, MISUSED);
	/* The first one is fine, but not all are. */
	tool_run(&t, "rssctl", "set", name_of(c), "limit=1M", "failcnt=1",
		 NULL);
	tool_expect_status(&t, MISUSED);
	require(container_get(c, "rss_limit") == 6000, "the limit is %ld",
		container_get(c, "rss_limit"));
	tool_run(&t, "rssctl", "set", name_of(c), "limit=max", "failcnt=0",
		 "peak=0", NULL);
	tool_expect_status(&t, 0);
	require(container_get(c, "rss_limit") == NO_LIMIT, "the limit is %ld",
		container_get(c, "rss_limit"));
}

static void test_busy(void)
{
	struct child child;
	struct tool t;
	char *c;

	swap_none();
	c = filled(&child, true);
	set(&t, c, "limit=1M");
	tool_expect_status(&t, BUSY);
	tool_expect_err(&t, "busy");
	require(container_get(c, "rss_limit") == NO_LIMIT, "the limit is %ld",
		container_get(c, "rss_limit"));
}

static void test_shrink(void)
{
	struct child child;
	struct tool t;
	char *c;

	swap_on(2 * FILLED);
	c = filled(&child, false);
	if (!container_has(c, "rss_shrink_in_bytes"))
		skip_case("no rss_shrink_in_bytes");
	tool_run(&t, "rssctl", "shrink", name_of(c), "512p", NULL);
	tool_expect_status(&t, 0);
	require(container_usage(c) <= 512, "usage %ld", container_usage(c));
	child_step(&child);
	child_finish(&child);
}

static void test_move(void)
{
	char *c = container_new(NULL, "move"), pid[16], self[16];
	struct tool sleeper, t;
	pid_t found = 0;

	tool_start(&sleeper, "sleep", "1000", NULL);
	snprintf(pid, sizeof(pid), "%d", sleeper.pid);
	tool_run(&t, "rssctl", "move", name_of(c), pid, NULL);
	tool_expect_status(&t, 0);
	require(container_pids(c, &found, 1) == 1 && found == sleeper.pid,
		"process %d is not there", sleeper.pid);

	/* One that is gone must not keep the others from moving. */
	kill(sleeper.pid, SIGKILL);
	tool_wait(&sleeper);
	snprintf(self, sizeof(self), "%d", getpid());
	tool_run(&t, "rssctl", "move", name_of(c), pid, self, NULL);
	tool_expect_status(&t, FAILED);
	tool_expect_err(&t, "no such process");
	require(wait_for(container_pids(c, &found, 1) == 1 &&
			 found == getpid()), "the case has not moved");

	tool_run(&t, "rssctl", "move", name_of(c), "0", NULL);
	tool_expect_status(&t, MISUSED);
	container_move(container_root(), 0);
}

static void test_errors(void)
{
	static const char * const commands[] = { "stat", "ls", "wait-event" };
	struct tool t;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		tool_run(&t, "rssctl", commands[i], "no-such/2", NULL);
		tool_expect_status(&t, NO_CONTAINER);
		tool_expect_err(&t, "no such container: no-such/2\n");
	}
	tool_run(&t, "rssctl", "stat", "a/../b", NULL);
	tool_expect_status(&t, MISUSED);
	tool_run(&t, "rssctl", "stat", NULL);
	tool_expect_status(&t, MISUSED);
	tool_run(&t, "rssctl", "set", "/", "limit=1M", NULL);
	tool_expect_status(&t, UNSUPPORTED);
	tool_expect_err(&t, "the root has no rss_limit\n");
}

static void test_top(void)
{
	char *c = container_new(NULL, "top"), want[PATH_MAX];
	struct tool t;

	tool_run(&t, "rssctl", "top", "-d", "0.1", "-n", "2", name_of(c),
		 NULL);
	tool_expect_status(&t, 0);
	tool_expect_out(&t, name_of(c));
	tool_expect_out(&t, "reclaim/s");
	tool_run(&t, "rssctl", "top", "-d", "0.1", "-j", NULL);
	snprintf(want, sizeof(want), "\"name\":\"%s\"", name_of(c));
	tool_expect_out(&t, want);
	tool_expect_out(&t, "\"reclaim_rate\":0");
}

/* With the hierarchy out of sight, rssctl mounts it at its own place. */
static void test_mount(void)
{
	struct tool t;
	bool existed = !access("/containers", F_OK);

	umount2(container_root(), MNT_DETACH);
	tool_run(&t, "rssctl", "mount", NULL);
	tool_expect_status(&t, 0);
	tool_expect_out(&t, "/containers/rss\n");
	require(!access("/containers/rss/rss_usage", F_OK), "nothing is there");
	tool_run(&t, "rssctl", "mount", NULL);
	tool_expect_status(&t, 0);
	umount2("/containers/rss", MNT_DETACH);
	require(access("/containers/rss/rss_usage", F_OK),
		"it is mounted twice");
	if (!existed) {
		rmdir("/containers/rss");
		rmdir("/containers");
	}
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_stat),
		T(test_ls),
		T(test_set),
		T(test_busy),
		T(test_shrink),
		T(test_move),
		T(test_errors),
		T(test_top),
		T(test_mount),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
