// SPDX-License-Identifier: GPL-2.0
/*
 * Where rss.max, rss.reclaim and rss.events of cgroup v2 differ from v1: a
 * limit takes effect at once and kills, reclaim is by amount, events count up
 * the tree.
 *
 * A child has FILLED pages and what it needs to run; HALF of that is enough
 * for it to run.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/wait.h>

#include "child.h"
#include "container.h"
#include "hierarchy.h"
#include "mem.h"
#include "runner.h"
#include "suites.h"
#include "swap.h"
#include "timer.h"

#define FILLED		2048
#define HALF		(FILLED / 2)

static char *filled_container(struct child *child, struct filler *filler)
{
	char *c = container_new(NULL, "filled");

	child_start(child, c, child_filler, filler);
	child_step(child);
	return c;
}

static void let_end(struct child *child)
{
	child_step(child);
	child_finish(child);
}

static long event(const char *c, const char *file, const char *key)
{
	char line[32];
	long value;

	snprintf(line, sizeof(line), "\n%s ", key);
	/* No line precedes the first one. */
	value = cg_read_key_long(c, file, strcmp(key, "watermark") ? line :
				 line + 1);
	require(value >= 0, "no %s in %s", key, file);
	return value;
}

static void expect_limit(const char *c, long pages)
{
	require(container_get(c, "rss_limit") == pages, "the limit is %ld",
		container_get(c, "rss_limit"));
}

/* With swap, reclaim brings usage under the limit. */
static void test_lower(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	container_set_pages(c, "rss_limit", HALF);
	expect_limit(c, HALF);
	require(container_usage(c) <= HALF, "usage %ld", container_usage(c));
	require(!event(c, "rss.events", "oom"), "the OOM killer was called");
	let_end(&child);
}

static void test_lower_kills(void)
{
	struct filler big = { .pages = FILLED }, small = { .pages = HALF / 4 };
	struct child large, little;
	char *c;

	swap_none();
	c = filled_container(&large, &big);
	child_start(&little, c, child_filler, &small);
	child_step(&little);
	container_set_pages(c, "rss_limit", HALF);
	expect_limit(c, HALF);
	require(container_usage(c) <= HALF, "usage %ld", container_usage(c));
	child_expect_killed(&large);
	require(event(c, "rss.events", "oom") > 0 &&
		event(c, "rss.events", "oom_kill") == 1,
		"oom %ld, oom_kill %ld", event(c, "rss.events", "oom"),
		event(c, "rss.events", "oom_kill"));
	let_end(&little);
}

static void fill_in_vain(struct child *self, void *arg)
{
	child_oom_adj(OOM_SPARED);
	child_filler(self, arg);
	mem_fill(mem_anon(1), 1, 0);
	child_sync(self);
}

/* The limit is in force although usage can't be brought under it. */
static void test_lower_in_vain(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	long usage;
	char *c;

	swap_none();
	c = container_new(NULL, "filled");
	child_start(&child, c, fill_in_vain, &filler);
	child_step(&child);
	usage = container_usage(c);
	container_set_pages(c, "rss_limit", HALF);
	expect_limit(c, HALF);
	require(container_usage(c) == usage, "usage went from %ld to %ld",
		usage, container_usage(c));

	/* Its next page must wait for room. */
	child_step(&child);
	child_go(&child);
	require(holds_for(child_poll(&child, 0) == CHILD_RUNS, 500),
		"the child got a page above the limit");
	container_set(c, "rss.max", "max");
	require(child_wait(&child) == CHILD_SYNCED, "the child was killed");
	child_finish(&child);
}

static int reclaim_pages(const char *c, long pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", pages * (long)page_size());
	return cg_write(c, "rss.reclaim", text);
}

/* Uses all of it all the time. */
static void write_on(struct child *self, void *arg)
{
	char *mem = mem_anon(FILLED);

	(void)arg;
	mem_fill(mem, FILLED, 0);
	child_sync(self);
	for (;;)
		mem_fill(mem, FILLED, 0);
}

/* There is swap: mapping reclaimed pages again is no reason for a kill. */
static void test_lower_busy(void)
{
	char *c = container_new(NULL, "filled");
	struct child child;
	int i;

	swap_on(4 * FILLED);
	child_start(&child, c, write_on, NULL);
	child_go(&child);
	for (i = 0; i < 5; i++) {
		container_set_pages(c, "rss_limit", HALF);
		expect_limit(c, HALF);
		container_set(c, "rss.max", "max");
	}
	require(child_poll(&child, 0) == CHILD_RUNS, "the child was killed");
	require(!event(c, "rss.events", "oom"), "the OOM killer was called");
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
}

static void test_reclaim(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	long usage, left;
	char *c;
	int err;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	usage = container_usage(c);
	require(!reclaim_pages(c, 0) && container_usage(c) == usage,
		"asked for nothing, it did something");
	err = reclaim_pages(c, HALF);
	left = container_usage(c);
	require(!err, "rss.reclaim: %s", strerror(-err));
	/* Others in a batch of 32 pages may be reclaimed, too. */
	require(left <= usage - HALF && left >= usage - HALF - 64,
		"usage went from %ld to %ld, asked for %d", usage, left, HALF);
	require(container_get(c, "rss.max") == NO_LIMIT, "there is a limit");
	let_end(&child);
}

static void test_reclaim_fewer(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c, *empty;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	empty = container_new(NULL, "empty");
	require(reclaim_pages(empty, 1) == -EAGAIN, "reclaimed from nothing");
	require(reclaim_pages(c, 2 * FILLED) == -EAGAIN,
		"reclaimed more than there is");
	require(container_usage(c) < FILLED, "nothing was reclaimed");
	let_end(&child);
}

static void test_reclaim_no_swap(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	long usage;
	char *c;

	swap_none();
	c = filled_container(&child, &filler);
	usage = container_usage(c);
	require(reclaim_pages(c, HALF) == -EAGAIN, "reclaimed without swap");
	/* Of the child's own pages, at most file pages. */
	require(container_usage(c) >= FILLED, "usage went from %ld to %ld",
		usage, container_usage(c));
	let_end(&child);
}

/*
 * The time between the start of the write and the signal increases each round,
 * until it hits the write.
 */
#define ROUNDS		100
#define STEP_NSEC	50000
#define LARGE		(8 * FILLED)

static int reclaim_with_signal(const char *c, timer_t timer, long delay)
{
	int err;

	timer_set(timer, delay);
	err = reclaim_pages(c, LARGE);
	timer_set(timer, 0);
	return err;
}

static void test_reclaim_signal(void)
{
	timer_t timer = timer_new_interrupt();
	size_t pages = LARGE;
	struct child child;
	int round, err;
	char *c;

	swap_on(2 * LARGE);
	c = container_new(NULL, "filled");
	child_start(&child, c, child_refiller, &pages);
	for (round = 0; round < ROUNDS; round++) {
		child_step(&child);
		err = reclaim_with_signal(c, timer, 1 + round * STEP_NSEC);
		if (err == -EINTR)
			return;
		require(!err || err == -EAGAIN, "rss.reclaim: %s",
			strerror(-err));
	}
	fail_case("no signal ended the write");
}

/* A task created in a container charges it from its first page on. */
static void clone_into(struct child *self, void *arg)
{
	const char *c = arg;
	char *mem = mem_anon(FILLED);
	pid_t pid = clone_into_cgroup(dirfd_open_opath(c));

	require(pid >= 0, "clone3: %s", strerror(errno));
	if (!pid) {
		mem_fill(mem, FILLED, 0);
		child_sync(self);
		_exit(0);
	}
	require(!clone_reap(pid, WEXITED), "the clone failed");
}

static void test_clone_into(void)
{
	char *from = container_new(NULL, "from");
	char *to = container_new(NULL, "to");
	struct child child;
	long usage;

	child_start(&child, from, clone_into, to);
	usage = container_usage(from);
	require(container_usage(to) >= FILLED, "usage %ld, of the parent %ld",
		container_usage(to), usage);
	require(usage < FILLED, "usage %ld of the parent", usage);
	child_finish(&child);
	require(!container_usage(to) && !container_usage(from),
		"usage %ld and %ld stay", container_usage(to),
		container_usage(from));
}

struct family {
	char *top;
	char *parent;
	char *child;
};

static struct family make_family(void)
{
	struct family f;

	f.top = container_new(NULL, "top");
	f.parent = container_new(f.top, "parent");
	f.child = container_new(f.parent, "child");
	return f;
}

/* @at is where it happened, below f->top. */
static void expect_event(const struct family *f, const char *key,
			 const char *at)
{
	const char * const all[] = { f->child, f->parent, f->top };
	bool above = false;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(all); i++) {
		above |= all[i] == at;
		require((event(all[i], "rss.events", key) > 0) == above,
			"%s: %s is %ld", container_path(all[i]), key,
			event(all[i], "rss.events", key));
		require((event(all[i], "rss.events.local", key) > 0) ==
			(all[i] == at), "%s: %s is %ld, of its own",
			container_path(all[i]), key,
			event(all[i], "rss.events.local", key));
	}
}

static void test_events_max(void)
{
	struct filler filler = { .pages = FILLED };
	struct family f = make_family();
	struct child child;

	swap_on(2 * FILLED);
	container_set_pages(f.parent, "rss_limit", HALF);
	child_start(&child, f.child, child_filler, &filler);
	child_step(&child);
	expect_event(&f, "max", f.parent);
	require(!event(f.top, "rss.events", "oom"), "the OOM killer was called");
	let_end(&child);
}

/* The limit is the parent's, the task the child's. */
static void test_events_oom(void)
{
	struct filler filler = { .pages = FILLED };
	struct family f = make_family();
	struct child child;

	swap_none();
	container_set_pages(f.parent, "rss_limit", HALF);
	child_start(&child, f.child, child_filler, &filler);
	child_go(&child);
	child_expect_killed(&child);
	expect_event(&f, "max", f.parent);
	expect_event(&f, "oom", f.parent);
	expect_event(&f, "oom_kill", f.child);
}

static void test_events_watermark(void)
{
	struct filler filler = { .pages = FILLED };
	struct family f = make_family();
	struct child child;

	child_start(&child, f.child, child_filler, &filler);
	container_set_pages(f.parent, "rss_watermark",
			    container_usage(f.parent) + HALF);
	require(!event(f.top, "rss.events", "watermark"), "it was crossed");
	child_step(&child);
	expect_event(&f, "watermark", f.parent);
	require(event(f.parent, "rss.events", "watermark") == 1,
		"it was crossed %ld times",
		event(f.parent, "rss.events", "watermark"));
	let_end(&child);
}

static int poll_open(const char *c, const char *file)
{
	char text[128];
	int fd = cg_open(c, file, O_RDONLY | O_CLOEXEC);

	/* Old contents are no news once they have been read. */
	require(fd >= 0 && read(fd, text, sizeof(text)) > 0, "reading %s", file);
	return fd;
}

static bool is_woken(int fd)
{
	struct pollfd poller = { .fd = fd, .events = POLLPRI };

	return poll(&poller, 1, 0) == 1 && poller.revents & POLLPRI;
}

static int watch_open(const char *c, const char *file)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char *path = cg_control(c, file);

	require(fd >= 0 && inotify_add_watch(fd, path, IN_MODIFY) >= 0,
		"inotify: %s", strerror(errno));
	free(path);
	return fd;
}

static bool is_modified(int fd)
{
	char events[512];

	return read(fd, events, sizeof(events)) > 0;
}

/* Each file wakes the tasks that wait for what it counts, and no others. */
static void test_notify(void)
{
	struct filler filler = { .pages = FILLED };
	struct family f = make_family();
	int top, top_local, parent_local, child_all, watch;
	struct child child;

	swap_on(2 * FILLED);
	container_set_pages(f.parent, "rss_limit", HALF);
	top = poll_open(f.top, "rss.events");
	top_local = poll_open(f.top, "rss.events.local");
	parent_local = poll_open(f.parent, "rss.events.local");
	child_all = poll_open(f.child, "rss.events");
	watch = watch_open(f.top, "rss.events");
	child_start(&child, f.child, child_filler, &filler);
	require(!is_woken(top) && !is_woken(parent_local) &&
		!is_modified(watch), "woken before the limit");

	child_step(&child);
	require(wait_for(is_woken(top)), "rss.events of the top is silent");
	require(wait_for(is_woken(parent_local)),
		"rss.events.local of the parent is silent");
	require(wait_for(is_modified(watch)), "inotify is silent");
	require(!is_woken(top_local) && !is_woken(child_all),
		"woken although nothing happened there");
	let_end(&child);
}

static const struct rss_case cases[] = {
	T(test_lower),
	T(test_lower_kills),
	T(test_lower_in_vain),
	T(test_lower_busy),
	T(test_reclaim),
	T(test_reclaim_fewer),
	T(test_reclaim_no_swap),
	T(test_reclaim_signal),
	T(test_clone_into),
	T(test_events_max),
	T(test_events_oom),
	T(test_events_watermark),
	T(test_notify),
};

static const struct rss_suite v2 = {
	.cases = cases, .nr = ARRAY_SIZE(cases)
};

int main(void)
{
	static const struct rss_suite * const suites[] = {
		&v2, &v2_delegate, &v2_files,
	};

	hierarchy_use(2);
	return run_suites(suites, ARRAY_SIZE(suites));
}
