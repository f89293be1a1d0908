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
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "hierarchy.h"
#include "keys.h"
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
	char *c = container_new(NULL, "move"), *other, pid[16], self[16];
	struct tool sleeper, t;
	pid_t found = 0;

	tool_start(&sleeper, "sleep", "1000", NULL);
	snprintf(pid, sizeof(pid), "%d", sleeper.pid);
	tool_run(&t, "rssctl", "move", name_of(c), pid, NULL);
	tool_expect_status(&t, 0);
	require(container_pids(c, &found, 1) == 1 && found == sleeper.pid,
		"process %d is not there", sleeper.pid);
	/* What it has mapped is not charged there. */
	tool_expect_err(&t, "mapped already, which is not charged");
	other = container_new(NULL, "other");
	tool_run(&t, "rssctl", "move", name_of(other), pid, NULL);
	tool_expect_err(&t, "stays charged as it is, in ");
	tool_run(&t, "rssctl", "move", "--quiet", name_of(c), pid, NULL);
	require(!t.err[0], "it says '%s'", t.err);

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

/* A command in a container that exists, and that container as "self" */
static void test_exec(void)
{
	char *c = container_new(NULL, "exec"), want[PATH_MAX];
	struct tool t;

	container_set(c, "rss_limit", "64M");
	tool_run(&t, "rssctl", "exec", c, "rssctl", "stat", "-b", "self", NULL);
	tool_expect_status(&t, 0);
	tool_expect_out(&t, "limit          67108864\n");
	tool_run(&t, "rssctl", "exec", name_of(c), "rssctl", "create", "self/a",
		 NULL);
	tool_expect_status(&t, 0);
	tool_run(&t, "rssctl", "ls", "-q", name_of(c), NULL);
	snprintf(want, sizeof(want), "%s/a\n", name_of(c));
	tool_expect_out(&t, want);
	tool_run(&t, "rssctl", "rm", name_of(c), NULL);
	tool_expect_status(&t, BUSY);
	tool_run(&t, "rssctl", "rm", "-k", name_of(c), NULL);
	tool_expect_status(&t, 0);
	require(access(c, F_OK), "%s is still there", c);
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

/* The screen, as long as the user wants it */
static void test_top_screen(void)
{
	char *c = container_new(NULL, "top");
	struct winsize larger = { .ws_row = 30, .ws_col = 110 };
	struct tool t;
	int terminal;

	if (access("/lib/terminfo/l/linux", F_OK))
		skip_case("no terminal is described");
	setenv("TERM", "linux", 1);
	terminal = tool_start_on_tty(&t, "rssctl", "top", "-d", "0.1", NULL);
	require(wait_for((tool_look(&t), strstr(t.out, name_of(c)))),
		"no '%s' in '%s', '%s'", name_of(c), t.out, t.err);
	tool_expect_out(&t, "sorted by usage");
	require(write(terminal, "s", 1) == 1, "typing: %s", strerror(errno));
	/* Then all of the screen is drawn anew, not just what has changed. */
	require(!ioctl(terminal, TIOCSWINSZ, &larger), "resizing: %s",
		strerror(errno));
	require(wait_for((tool_look(&t), strstr(t.out, "sorted by rate"))),
		"it shows '%s'", t.out);
	require(write(terminal, "q", 1) == 1, "typing: %s", strerror(errno));
	tool_wait(&t);
	tool_expect_status(&t, 0);
}

/* A child maps FILLED pages with each step. */
static void map_more(struct child *self, void *arg)
{
	(void)arg;
	for (;;) {
		child_sync(self);
		mem_fill(mem_anon(FILLED), FILLED, 0);
	}
}

static bool waits(const struct tool *t)
{
	return proc_state(t->pid) == 'S';
}

static void test_wait_event(void)
{
	char *c = container_new(NULL, "wait"), *below;
	struct tool any, watermark, limit;
	struct child child;

	if (!container_has(c, "rss_events"))
		skip_case("no rss_events");
	below = container_new(c, "below");
	child_start(&child, below, map_more, NULL);
	container_set_pages(below, "rss_watermark",
			    container_usage(below) + FILLED / 2);
	tool_start(&any, "rssctl", "wait-event", name_of(c), NULL);
	tool_start(&watermark, "rssctl", "wait-event", "-j", name_of(c),
		   "watermark", "oom", NULL);
	tool_start(&limit, "rssctl", "wait-event", "-t", "1", name_of(c),
		   "limit", NULL);
	require(wait_for(waits(&any) && waits(&watermark)), "nobody waits");
	usleep(200000);
	child_step(&child);
	tool_wait(&any);
	tool_expect_status(&any, 0);
	require(!strcmp(any.out, "watermark 1\n"), "it says '%s'", any.out);
	tool_wait(&watermark);
	require(!strcmp(watermark.out, "{\"watermark\":1}\n"), "it says '%s'",
		watermark.out);
	tool_wait(&limit);
	tool_expect_status(&limit, TIMED_OUT);
	require(!limit.out[0], "it says '%s'", limit.out);
}

/* All that happens, also before it begins to wait */
static void test_follow(void)
{
	char *c = container_new(NULL, "follow");
	struct child child;
	struct tool t;
	int i;

	child_start(&child, c, map_more, NULL);
	container_set_pages(c, "rss_watermark", container_usage(c) + 1);
	child_step(&child);
	tool_start(&t, "rssctl", "wait-event", "--follow", "--since",
		   "watermark=0", "-x", "echo $RSS_events", name_of(c), NULL);
	require(wait_for((tool_look(&t), strstr(t.out, "watermark 1\nwat"))),
		"it says '%s'", t.out);
	for (i = 2; i < 4; i++) {
		container_set_pages(c, "rss_watermark", container_usage(c) + 1);
		child_step(&child);
		require(wait_for((tool_look(&t), strchr(t.out, '0' + i))),
			"it says '%s'", t.out);
	}
	kill(t.pid, SIGTERM);
	tool_wait(&t);
}

static void test_wait_removed(void)
{
	char *c = container_new(NULL, "removed");
	struct tool t;

	if (!container_has(c, "rss_events"))
		skip_case("no rss_events");
	tool_start(&t, "rssctl", "wait-event", name_of(c), NULL);
	require(wait_for(waits(&t)), "it does not wait");
	usleep(200000);
	container_remove(c);
	tool_wait(&t);
	tool_expect_status(&t, NO_CONTAINER);
	tool_expect_err(&t, "no such container");
}

/*
 * With the hierarchy out of sight, "rssctl mount" mounts it at its own place.
 * Nothing else does: mounted as v1, v2 lacks the controller.
 */
static void test_mount(void)
{
	static const char * const commands[] = { "ls", "top" };
	bool existed = !access("/containers", F_OK);
	struct tool t;
	unsigned int i;

	container_new(NULL, "left");
	umount2(container_root(), MNT_DETACH);
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		tool_run(&t, "rssctl", commands[i], NULL);
		tool_expect_status(&t, UNSUPPORTED);
		tool_expect_err(&t, "is not mounted here and has ");
	}
	tool_run(&t, "rssctl", "run", "true", NULL);
	tool_expect_status(&t, 125);
	tool_run(&t, "rssd", "--dry-run", "-c", "/dev/null", NULL);
	tool_expect_status(&t, UNSUPPORTED);
	tool_expect_err(&t, "'rssctl mount' mounts it");
	require(access("/containers/rss/rss_usage", F_OK),
		"something has mounted it");

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
		T(test_exec),
		T(test_errors),
		T(test_top),
		T(test_top_screen),
		T(test_wait_event),
		T(test_follow),
		T(test_wait_removed),
		T(test_mount),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
