// SPDX-License-Identifier: GPL-2.0
/*
 * Reducing usage by writing to a control file: rss_limit, or
 * rss_shrink_in_bytes, which does not change the limit. The write returns 0
 * with usage reduced, or EBUSY or EINTR, with the limit in force that the file
 * documents. No task is killed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "events.h"
#include "hierarchy.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "timer.h"

/* The child has FILLED pages; HALF of that is enough for it to run. */
#define FILLED		2048
#define HALF		(FILLED / 2)
#define OLD_LIMIT	(2 * FILLED)

/* The variants. */
struct file {
	const char *name;
	bool is_limit;		/* in pages */
};

static const struct file limit = { "rss_limit", true };
static const struct file shrink = { "rss_shrink_in_bytes", false };

/* A container with OLD_LIMIT and a child in it that has its pages. */
static char *filled_container(struct child *child, struct filler *filler)
{
	char *c = limited_container("lowered", OLD_LIMIT);

	child_start(child, c, child_filler, filler);
	child_step(child);
	return c;
}

/* Returns 0 or the error. */
static int lower(const struct file *file, const char *container, long pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld",
		 file->is_limit ? pages : pages * (long)page_size());
	return cg_write(container, file->name, text);
}

static void expect_no_oom(const char *c)
{
	require(!events_get(c, EVENT_OOM) && !events_get(c, EVENT_OOM_KILL),
		"there was an OOM");
}

/* The limit in force after lower() returned. */
static void expect_limit(const struct file *file, const char *c, long old,
			 long pages, int err)
{
	long wanted = err || !file->is_limit ? old : pages;

	require(container_get(c, "rss_limit") == wanted,
		"the limit is %ld, not %ld, after %d",
		container_get(c, "rss_limit"), wanted, err);
	expect_no_oom(c);
}

static void expect_lowered(const struct file *file, const char *c, long pages)
{
	int err = lower(file, c, pages);

	require(!err, "lowering to %ld: %s", pages, strerror(-err));
	require(container_usage(c) <= pages, "usage %ld, not %ld",
		container_usage(c), pages);
	expect_limit(file, c, OLD_LIMIT, pages, err);
}

static void expect_busy(const struct file *file, const char *c, long pages)
{
	int err = lower(file, c, pages);

	require(err == -EBUSY, "lowering to %ld returned %d, not EBUSY", pages,
		err);
	expect_limit(file, c, OLD_LIMIT, pages, err);
}

/* There was no OOM, and the child still has its data. */
static void let_end(const char *container, struct child *child)
{
	expect_no_oom(container);
	child_step(child);
	child_finish(child);
	expect_no_oom(container);
}

static void test_swap(const void *file)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	expect_lowered(file, c, HALF);
	require(container_get(c, "rss_reclaimed") >= FILLED - HALF,
		"reclaimed only %ld", container_get(c, "rss_reclaimed"));
	let_end(c, &child);
}

static void test_no_pressure(const void *file)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	long usage;
	char *c;

	c = filled_container(&child, &filler);
	usage = container_usage(c);
	expect_lowered(file, c, usage);
	require(!lower(file, c, usage + 1), "raising it by a page");
	require(container_usage(c) == usage &&
		container_get(c, "rss_reclaimed") == 0,
		"usage fell from %ld to %ld under no pressure", usage,
		container_usage(c));
	container_set(c, "rss_limit", "max");
	let_end(c, &child);
}

static void test_no_swap(const void *file)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;

	swap_none();
	c = filled_container(&child, &filler);
	expect_busy(file, c, HALF);
	expect_busy(file, c, 0);
	require(container_usage(c) >= FILLED, "usage %ld", container_usage(c));
	let_end(c, &child);
}

static void fill_file(struct child *self, void *arg)
{
	char *mem = mem_shared(FILLED);

	(void)arg;
	child_sync(self);
	mem_fill(mem, FILLED, 0);
	child_sync(self);
	mem_verify(mem, FILLED, 0);
	child_sync(self);
}

/* Unmapping file pages is enough. */
static void test_file_no_swap(const void *file)
{
	char *c = limited_container("lowered", OLD_LIMIT);
	struct child child;

	swap_none();
	child_start(&child, c, fill_file, NULL);
	child_step(&child);
	require(container_usage(c) >= FILLED, "usage %ld", container_usage(c));
	expect_lowered(file, c, HALF);
	let_end(c, &child);
}

static void test_locked(const void *file)
{
	struct filler filler = { .pages = FILLED, .locked = true };
	struct child child;
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	expect_busy(file, c, HALF);
	require(container_usage(c) >= FILLED, "usage %ld", container_usage(c));
	let_end(c, &child);
}

/* Everything reclaimable goes, down to the locked pages. */
static void test_part_locked(const void *file)
{
	struct filler locked = { .pages = HALF, .locked = true };
	struct filler filler = { .pages = HALF };
	struct child children[2];
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&children[0], &locked);
	child_start(&children[1], c, child_filler, &filler);
	child_step(&children[1]);
	expect_busy(file, c, HALF / 2);
	require(container_usage(c) >= HALF, "usage %ld", container_usage(c));
	let_end(c, &children[1]);
	let_end(c, &children[0]);
}

/* Descendants count, and are reclaimed from. */
static void test_subtree(const void *file)
{
	struct filler filler = { .pages = HALF };
	struct child children[2];
	char *c, *below[2];
	int i;

	swap_on(2 * FILLED);
	c = limited_container("lowered", OLD_LIMIT);
	below[0] = container_new(c, "first");
	below[1] = container_new(c, "second");
	for (i = 0; i < 2; i++) {
		child_start(&children[i], below[i], child_filler, &filler);
		child_step(&children[i]);
	}
	expect_lowered(file, c, HALF);
	require(container_get(c, "rss_reclaimed") >= FILLED - HALF &&
		container_get(below[0], "rss_reclaimed") == 0,
		"reclaimed %ld, and %ld on behalf of a child",
		container_get(c, "rss_reclaimed"),
		container_get(below[0], "rss_reclaimed"));
	for (i = 0; i < 2; i++)
		let_end(c, &children[i]);
}

#define LARGE		(4 * FILLED)

static size_t large = LARGE;

static long now_us(void)
{
	return clock_seconds() * 1000000;
}

/* With a signal after @us; without one if that is 0. */
static int lower_with_signal(const struct file *file, const char *c,
			     timer_t timer, long us)
{
	int err;

	timer_set(timer, us * 1000);
	err = lower(file, c, HALF);
	timer_set(timer, 0);
	return err;
}

static void fill_again(const char *c, struct child *child)
{
	container_set(c, "rss_limit", "max");
	child_step(child);
	require(container_usage(c) >= LARGE, "usage %ld", container_usage(c));
}

/*
 * The delay between the start of the write and the signal increases each
 * round. Before each round, a child that has lost pages gets them back.
 */
#define SIGNAL_ROUNDS	100
#define SIGNAL_STEP_US	50

static void test_signal(const void *file)
{
	timer_t timer = timer_new_interrupt();
	struct child child;
	int round, err = 0;
	char *c;

	swap_on(2 * LARGE);
	c = container_new(NULL, "lowered");
	child_start(&child, c, child_refiller, &large);
	for (round = 0; round < SIGNAL_ROUNDS && !err; round++) {
		fill_again(c, &child);
		err = lower_with_signal(file, c, timer,
					1 + round * SIGNAL_STEP_US);
		require(!err || err == -EINTR, "lowering: %s", strerror(-err));
		expect_limit(file, c, NO_LIMIT, HALF, err);
	}
	require(err, "no signal hit the write");
}

/*
 * The first write measures the duration. The next ones are interrupted after a
 * part of that; for some, the signal may be too late.
 */
#define PARTS		8

static void test_signal_midway(const void *file)
{
	int part, err, interrupted = 0;
	timer_t timer = timer_new_interrupt();
	struct child child;
	long whole;
	char *c;

	swap_on(2 * LARGE);
	c = container_new(NULL, "lowered");
	child_start(&child, c, child_refiller, &large);
	whole = now_us();
	err = lower(file, c, HALF);
	require(!err, "lowering: %s", strerror(-err));
	whole = now_us() - whole;
	for (part = 1; part < PARTS; part++) {
		fill_again(c, &child);
		err = lower_with_signal(file, c, timer, whole * part / PARTS);
		require(!err || err == -EINTR, "lowering: %s", strerror(-err));
		expect_limit(file, c, NO_LIMIT, HALF, err);
		interrupted += err == -EINTR;
	}
	require(interrupted > 0, "0 of %d signals within %ld us hit", PARTS - 1,
		whole);
}

/* Two children touch their pages as fast as they can until stopped. */
#define FAULTERS	2
#define ROUNDS		2
/* A multiple of the pages needed; the kernel gives up a little above four. */
#define MOST_EFFORT	5

struct faulter {
	bool anon;
	bool stop;
};

static void fault_on(struct child *self, void *arg)
{
	struct faulter *faulter = arg;
	char *mem = faulter->anon ? mem_anon(FILLED) : mem_shared(FILLED);

	mem_fill(mem, FILLED, self->pid);
	child_sync(self);
	while (!__atomic_load_n(&faulter->stop, __ATOMIC_RELAXED))
		mem_fill(mem, FILLED, self->pid);
	mem_verify(mem, FILLED, self->pid);
	child_sync(self);
}

/* Ends within a bounded time, either way, with the right limit in force. */
static void lower_beside_faulters(const struct file *file,
				  struct faulter *faulter)
{
	const long old = FAULTERS * OLD_LIMIT;
	struct child children[FAULTERS];
	int round, i, err, done = 0;
	long us, reclaimed;
	char *c;

	c = container_new(NULL, "lowered");
	for (i = 0; i < FAULTERS; i++)
		child_start(&children[i], c, fault_on, faulter);
	for (i = 0; i < FAULTERS; i++)
		child_go(&children[i]);
	for (round = 0; round < ROUNDS; round++) {
		container_set_pages(c, "rss_limit", old);
		reclaimed = container_get(c, "rss_reclaimed");
		us = now_us();
		err = lower(file, c, HALF);
		us = now_us() - us;
		reclaimed = container_get(c, "rss_reclaimed") - reclaimed;
		require(!err || err == -EBUSY, "lowering: %s", strerror(-err));
		require(!err || reclaimed <= MOST_EFFORT * old,
			"it gave up after %ld pages", reclaimed);
		expect_limit(file, c, old, HALF, err);
		require(us < WAIT_SECONDS * 1000000L, "it took %ld us", us);
		if (!err && file->is_limit)
			require(container_usage(c) <= HALF + FAULTERS *
				(long)fault_around_pages(), "usage %ld",
				container_usage(c));
		done += !err;
	}
	ksft_print_msg("%d of %d got there\n", done, ROUNDS);
	container_set(c, "rss_limit", "max");
	__atomic_store_n(&faulter->stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < FAULTERS; i++) {
		require(child_wait(&children[i]) == CHILD_SYNCED,
			"child %d ended", children[i].pid);
		child_finish(&children[i]);
	}
	expect_no_oom(c);
}

static void test_faulter_anon(const void *file)
{
	struct faulter *faulter = (struct faulter *)mem_shared(1);

	faulter->anon = true;
	swap_on(2 * FAULTERS * FILLED);
	lower_beside_faulters(file, faulter);
}

static void test_faulter_file(const void *file)
{
	struct faulter *faulter = (struct faulter *)mem_shared(1);

	swap_none();
	faulter->anon = false;
	lower_beside_faulters(file, faulter);
}

/* Shrinking works without any limit. */
static void test_shrink_unlimited(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	container_set(c, "rss_limit", "max");
	require(!lower(&shrink, c, HALF) && container_usage(c) <= HALF,
		"usage %ld", container_usage(c));
	require(container_get(c, "rss_limit") == NO_LIMIT &&
		container_get(c, "rss_failcnt") == 0, "there is a limit");
	let_end(c, &child);
}

/* If any of these were read as a number, pages would be reclaimed. */
static void test_shrink_refused(void)
{
	static const char * const bad[] = {
		"abc", "12x", "-5", "-1", "max", "0x10", "+5", "0 pages",
		"1 2", "0,5", "1.5M", "1KB", "M", " ", "\n", " \t\n",
		"18446744073709551616", "99999999999999999999999999",
		"16777216T", "18014398509481984K",
	};
	struct filler filler = { .pages = FILLED };
	struct child child;
	unsigned int i;
	long usage;
	char *c;
	int err;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	usage = container_usage(c);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err = cg_write(c, "rss_shrink_in_bytes", (char *)bad[i]);
		require(err == -EINVAL, "'%s' returned %d, not EINVAL", bad[i],
			err);
		require(container_usage(c) == usage, "'%s': usage %ld, not %ld",
			bad[i], container_usage(c), usage);
	}
	require(container_get(c, "rss_reclaimed") == 0, "pages were reclaimed");
	let_end(c, &child);
}

/*
 * A bare number is bytes, rounded down to pages. Each takes usage further down
 * than the one before.
 */
static void test_shrink_units(void)
{
	const long page = page_size(), k_of_page = page / 1024;
	const struct {
		const char *format;
		long number;
		long pages;
	} rows[] = {
		{ "%ld", (HALF + 900) * page, HALF + 900 },
		{ "%ld", (HALF + 801) * page - 1, HALF + 800 },
		{ "%ldK", (HALF + 700) * k_of_page, HALF + 700 },
		{ " %ldk\n", (HALF + 600) * k_of_page, HALF + 600 },
		{ "%ldM\n", 6, (6L << 20) / page },
		{ "\t%ldm  ", 5, (5L << 20) / page },
	};
	struct filler filler = { .pages = FILLED };
	struct child child;
	long before, usage;
	unsigned int i;
	char text[64];
	char *c;

	if (page != 4096)
		skip_case("the sizes are for pages of 4 KiB");
	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	before = container_usage(c);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		require(rows[i].pages < before, "row %u lowers nothing", i);
		snprintf(text, sizeof(text), rows[i].format, rows[i].number);
		container_set(c, "rss_shrink_in_bytes", text);
		usage = container_usage(c);
		/* Reclaim goes slightly further than it must. */
		require(usage <= rows[i].pages && usage > rows[i].pages - 64,
			"'%s' took the usage from %ld to %ld, not %ld", text,
			before, usage, rows[i].pages);
		before = usage;
	}
	/* More than exists. */
	container_set(c, "rss_shrink_in_bytes", "1G");
	container_set(c, "rss_shrink_in_bytes", "1t");
	require(container_usage(c) == before, "usage fell to %ld",
		container_usage(c));
	let_end(c, &child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		V(test_swap, limit),
		V(test_no_pressure, limit),
		V(test_no_swap, limit),
		V(test_file_no_swap, limit),
		V(test_locked, limit),
		V(test_part_locked, limit),
		V(test_subtree, limit),
		V(test_signal, limit),
		V(test_signal_midway, limit),
		V(test_faulter_anon, limit),
		V(test_faulter_file, limit),
		V(test_swap, shrink),
		V(test_no_pressure, shrink),
		V(test_no_swap, shrink),
		V(test_file_no_swap, shrink),
		V(test_locked, shrink),
		V(test_part_locked, shrink),
		V(test_subtree, shrink),
		V(test_signal, shrink),
		V(test_signal_midway, shrink),
		V(test_faulter_anon, shrink),
		V(test_faulter_file, shrink),
		T(test_shrink_unlimited),
		T(test_shrink_refused),
		T(test_shrink_units),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
