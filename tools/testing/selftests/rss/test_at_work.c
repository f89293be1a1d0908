// SPDX-License-Identifier: GPL-2.0
/*
 * Tasks that must not be killed: they read mapped files larger than the limit,
 * sequentially and at random, while anonymous memory that can't be reclaimed
 * takes up to 95 % of it. They constantly unmap each other's pages and their
 * own. That is work, not thrashing: all finish, without a major fault, and
 * none is killed.
 *
 * RSS_FILE_MIB in the environment makes the largest file smaller than 64 MiB.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "cpu.h"
#include "events.h"
#include "fs.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define FILE_MIB	64
#define MAX_TASKS	4
#define SEED		1000
#define LIMIT		256

/* Touches of a page by each reader, sequentially and at random */
#define TOUCHES		(64 * LIMIT)

/* Longer than it may take to kill a task that makes no progress */
#define LONG_MS		5000

static const int shares[] = { 10, 50, 80, 95 };

struct work {
	long limit;
	int share;		/* percentage of the limit that is held */
	bool by_other;		/* by a task that does nothing else */
	int tasks;		/* that read */
	bool one_cpu;
	bool at_random;
	size_t pages;		/* of the file, a power of 2 */
	size_t touches;		/* by each task, at least */
	long ms;		/* at least this long */
	int fd;
	const char *container;
};

static size_t held_pages(const struct work *work)
{
	size_t pages = work->limit * work->share / 100;

	return work->by_other ? pages : pages / work->tasks;
}

/*
 * A task has nothing in the container but what it touches from now on: all
 * else was mapped outside.
 */
static void enter(const struct work *work)
{
	prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
	mem_settle();
	if (work->one_cpu)
		cpu_run_on(0);
	container_move(work->container, 0);
}

/* At random, with a full period: the number of pages is a power of 2. */
static size_t next_page(const struct work *work, size_t at)
{
	size_t next = work->at_random ? at * 1664525 + 1013904223 : at + 1;

	return next & (work->pages - 1);
}

static void touch_file(const struct work *work, size_t at)
{
	char *mem = mem_file(work->fd, work->pages, MAP_SHARED);
	long start = clock_ms();
	size_t i;

	for (i = 0; i < work->touches || clock_ms() - start < work->ms; i++) {
		at = next_page(work, at);
		mem_verify(mem + at * page_size(), 1, SEED + at);
	}
}

static void read_file(struct child *self, void *arg)
{
	const struct work *work = arg;
	size_t held = work->by_other ? 0 : held_pages(work);
	struct rusage usage;
	char *mem;

	enter(work);
	/* Not earlier: entering touches everything that exists. */
	mem = mem_anon(held + 1);
	mem_fill(mem, held, 0);
	child_sync(self);
	touch_file(work, self->pid);
	getrusage(RUSAGE_SELF, &usage);
	require(!usage.ru_majflt, "%ld major faults", usage.ru_majflt);
	mem_verify(mem, held, 0);
	child_sync(self);
}

static void hold_pages(struct child *self, void *arg)
{
	const struct work *work = arg;
	size_t held = held_pages(work);
	char *mem;

	enter(work);
	mem = mem_anon(held);
	mem_fill(mem, held, 0);
	child_sync(self);
	mem_verify(mem, held, 0);
}

static const char *describe(const struct work *work)
{
	static char text[160];

	snprintf(text, sizeof(text),
		 "limit %ld, %d%% held by %s, %d tasks%s, %zu pages %s",
		 work->limit, work->share,
		 work->by_other ? "another" : "the readers", work->tasks,
		 work->one_cpu ? " on a CPU" : "", work->pages,
		 work->at_random ? "at random" : "in turn");
	return text;
}

static void expect_done(struct work *work)
{
	struct child children[MAX_TASKS], holder;
	char *c = limited_container("work", work->limit);
	long start;
	int i;

	work->container = c;
	if (work->by_other)
		child_fork(&holder, hold_pages, work);
	for (i = 0; i < work->tasks; i++) {
		child_fork(&children[i], read_file, work);
		require(children[i].state == CHILD_SYNCED,
			"%s: killed before the work", describe(work));
	}
	start = clock_ms();
	for (i = 0; i < work->tasks; i++)
		child_go(&children[i]);
	for (i = 0; i < work->tasks; i++)
		require(wait_for(child_poll(&children[i], 0) == CHILD_SYNCED),
			"%s: a reader %s", describe(work),
			children[i].state == CHILD_RUNS ? "hangs" : "is killed");
	ksft_print_msg("%s: %ld ms\n", describe(work), clock_ms() - start);
	require(!events_get(c, EVENT_OOM_KILL), "%s: oom_kill %ld",
		describe(work), events_get(c, EVENT_OOM_KILL));
	for (i = 0; i < work->tasks; i++)
		child_finish(&children[i]);
	if (work->by_other)
		child_finish(&holder);
	container_remove(c);
	free(c);
}

/* With a file of @times the limit, if allowed by RSS_FILE_MIB */
static void with_file(struct work *work, int times)
{
	const char *mib = getenv("RSS_FILE_MIB");
	size_t most = ((mib ? atol(mib) : FILE_MIB) << 20) / page_size();

	require(most && !(most & (most - 1)), "RSS_FILE_MIB is %s", mib);
	work->pages = work->limit * times;
	if (work->pages > most)
		work->pages = most;
	fs_mount("tmpfs", NULL);
	work->fd = fs_file("file", work->pages, SEED);
}

/* All shares, held by the reader or by another task */
static void one_reader(bool at_random, int times)
{
	struct work work = {
		.limit = LIMIT, .tasks = 1, .at_random = at_random,
		.touches = clock_affordable(TOUCHES),
	};
	unsigned int i;

	swap_none();
	with_file(&work, times);
	for (i = 0; i < 2 * ARRAY_SIZE(shares); i++) {
		work.share = shares[i / 2];
		work.by_other = i % 2;
		work.one_cpu = work.by_other;
		expect_done(&work);
	}
}

static void test_in_turn_2(void)
{
	one_reader(false, 2);
}

static void test_in_turn_4(void)
{
	one_reader(false, 4);
}

static void test_in_turn_64(void)
{
	one_reader(false, 64);
}

static void test_at_random_2(void)
{
	one_reader(true, 2);
}

static void test_at_random_4(void)
{
	one_reader(true, 4);
}

static void test_at_random_64(void)
{
	one_reader(true, 64);
}

/* Several readers of the same file, on one CPU and on all */
static void several_readers(bool at_random)
{
	struct work work = {
		.limit = LIMIT, .at_random = at_random,
		.touches = clock_affordable(TOUCHES / 4),
	};
	unsigned int i;

	swap_none();
	with_file(&work, 4);
	for (i = 0; i < 2 * ARRAY_SIZE(shares); i++) {
		work.share = shares[i / 2];
		work.one_cpu = i % 2;
		for (work.tasks = 2; work.tasks <= MAX_TASKS; work.tasks *= 2) {
			work.by_other = !work.by_other;
			expect_done(&work);
		}
	}
}

static void test_several_in_turn(void)
{
	several_readers(false);
}

static void test_several_at_random(void)
{
	several_readers(true);
}

/* Not just briefly, with hardly any room */
static void test_for_long(void)
{
	struct work work = {
		.limit = LIMIT, .share = 95, .by_other = true, .ms = LONG_MS,
	};

	swap_none();
	with_file(&work, 2);
	for (work.tasks = 1; work.tasks <= MAX_TASKS; work.tasks *= 4) {
		work.at_random = false;
		expect_done(&work);
		work.at_random = true;
		expect_done(&work);
	}
}

/* A limit of up to 16 MiB, where reclaim takes more at once */
static void test_large(void)
{
	struct work work = { .limit = 16 * LIMIT, .tasks = 2 };
	unsigned int i;

	swap_none();
	with_file(&work, 4);
	work.limit = work.pages / 4;
	work.touches = 2 * work.pages;
	for (i = 0; i < 2 * ARRAY_SIZE(shares); i++) {
		work.share = shares[i / 2];
		work.at_random = i % 2;
		expect_done(&work);
	}
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_in_turn_2),
		T(test_in_turn_4),
		T(test_in_turn_64),
		T(test_at_random_2),
		T(test_at_random_4),
		T(test_at_random_64),
		T(test_several_in_turn),
		T(test_several_at_random),
		T(test_for_long),
		T(test_large),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
