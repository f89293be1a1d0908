// SPDX-License-Identifier: GPL-2.0
/*
 * The time from the last page that fits to the kill. It must not depend on
 * what others do: on siblings, or on a CPU that never schedules.
 */
#include <sys/mman.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "cpu.h"
#include "fs.h"
#include "keys.h"
#include "limit.h"
#include "mem.h"
#include "memcg.h"
#include "runner.h"
#include "swap.h"

#define PAGES		40000

/*
 * If each page is scanned in vain, the time grows with their number: what took
 * 9.8 s for this many would be within twice memcg's time for few.
 */
#define MANY_PAGES	200000

/*
 * What a child fills page by page, and when the last one was done. Reading the
 * clock takes longer than a fault may, so pages that surely fit are not timed.
 */
struct fill {
	size_t fit;
	size_t pages;
	double *last;		/* shared with the case */
};

static struct fill fill_pages(size_t fit, size_t pages)
{
	struct fill fill = { fit, pages, (double *)mem_shared(1) };

	return fill;
}

static void fill_and_tell(struct child *self, void *arg)
{
	const struct fill *fill = arg;
	char *mem = mem_anon(fill->pages);
	double now;
	size_t i;

	child_sync(self);
	mem_fill(mem, fill->fit, 0);
	for (i = fill->fit; i < fill->pages; i++) {
		mem_fill(mem + i * page_size(), 1, i);
		now = clock_seconds();
		__atomic_store(fill->last, &now, __ATOMIC_RELAXED);
	}
}

/* Seconds from its last page until @child, once running, is killed. */
static double time_to_kill(struct child *child, struct fill *fill)
{
	child_go(child);
	require(child_wait(child) == CHILD_KILLED, "it was not killed");
	return clock_seconds() - *fill->last;
}

static double kill_in(const char *container, const char *memcg, long limit)
{
	struct fill fill = fill_pages(limit * 9 / 10, 2 * limit);
	struct child child;

	child_start(&child, container, fill_and_tell, &fill);
	memcg_move(memcg, child.pid);
	return time_to_kill(&child, &fill);
}

/* Take the least of several times: other load can only add to it. */
#define TIMES		4
#define LEAST_TIMES	2	/* enough if conclusive */
#define NEVER		1e9	/* seconds */

static double least(double a, double b)
{
	return a < b ? a : b;
}

/*
 * The kill itself and the exit take equally long in both. The two alternate,
 * so that other load affects both alike.
 */
static void expect_like_memcg(const char *c, const char *memcg, long limit)
{
	double ours = NEVER, theirs = NEVER;
	int i;

	for (i = 0; i < TIMES && (i < LEAST_TIMES || ours > 2 * theirs); i++) {
		container_set_pages(c, "rss_limit", limit);
		memcg_set_max(memcg, 64 * limit);
		ours = least(ours, kill_in(c, memcg, limit));
		container_set(c, "rss_limit", "max");
		memcg_set_max(memcg, limit);
		theirs = least(theirs, kill_in(c, memcg, limit));
	}
	ksft_print_msg("%ld pages: %.3f s, by the memory controller %.3f s\n",
		       limit, ours, theirs);
	require(ours <= 2 * theirs, "%.3f s, by the memory controller %.3f s",
		ours, theirs);
}

static void test_no_swap(void)
{
	char *c;

	swap_none();
	memcg_need();
	c = container_new(NULL, "limited");
	expect_like_memcg(c, memcg_of(c), PAGES);
}

/* As many as can be filled in time, and half of what there is */
static long many_pages(void)
{
	long most = read_key("/proc/meminfo", "MemAvailable:") * 1024 /
		    (long)page_size() / 2;
	long pages = clock_affordable(MANY_PAGES);

	return pages < most ? pages : most;
}

/* There is swap, but this cgroup may not use it. */
static void test_no_swap_allowed(void)
{
	char *c, *memcg;

	memcg_need();
	swap_on(PAGES);
	c = container_new(NULL, "limited");
	memcg = memcg_of(c);
	memcg_set_swap_max(memcg, 0);
	expect_like_memcg(c, memcg, many_pages());
}

/*
 * A task leaves a few pages in each of many containers. Before a kill each is
 * searched for pages and tasks, which takes 0.1 to 0.6 s more for 4000. A
 * kernel that walks all of them for each attempt, and drains each by itself,
 * takes 0.1 s more for 1000, and 1.8 s for 4000, when it takes 0.1 s without.
 */
#define SIBLINGS	4000
#define LEFT		4
#define ROOM		2000
#define MOST_TIMES	10
#define MOST_MORE	0.4	/* seconds */

struct siblings {
	char **containers;
	int nr;
};

static void leave_pages(struct child *self, void *arg)
{
	const struct siblings *siblings = arg;
	char *mem = mem_anon(siblings->nr * LEFT);
	int i;

	child_oom_adj(OOM_SPARED);
	for (i = 0; i < siblings->nr; i++) {
		container_move(siblings->containers[i], 0);
		mem_fill(mem + i * LEFT * page_size(), LEFT, i);
	}
	child_sync(self);
}

static double kill_beside(const char *parent, const char *name)
{
	struct fill fill = fill_pages(0, 2 * ROOM);
	char *c = container_new(parent, name);
	double seconds = NEVER;
	struct child child;
	int i;

	for (i = 0; i < TIMES; i++) {
		child_start(&child, c, fill_and_tell, &fill);
		container_set_pages(parent, "rss_limit",
				    container_usage(parent) + ROOM);
		seconds = least(seconds, time_to_kill(&child, &fill));
		container_set(parent, "rss_limit", "max");
	}
	return seconds;
}

static void test_siblings(void)
{
	struct siblings siblings = { .nr = clock_affordable(SIBLINGS) };
	char *parent = container_new(NULL, "parent");
	double alone, beside, most;
	struct child child;

	swap_none();
	alone = kill_beside(parent, "alone");
	siblings.containers = container_new_several(parent, siblings.nr);
	child_start(&child, NULL, leave_pages, &siblings);
	beside = kill_beside(parent, "beside");
	ksft_print_msg("%.3f s, beside %d others %.3f s\n", alone,
		       siblings.nr, beside);
	most = MOST_TIMES * alone + clock_allowed_ms(1) * MOST_MORE / 1000;
	require(beside <= most, "%.3f s, beside %d others %.3f s",
		alone, siblings.nr, beside);
	child_finish(&child);
}

/*
 * A CPU has pages of the container in its batches and does not schedule. A
 * fault that waits for it takes as long as that lasts.
 */
#define HOG_MS		5000
#define HOG_PAGES	8
#define FILE_PAGES	1000
#define MOST_SECONDS	0.5

struct beside_hog {
	int fd;
	struct fill fill;
	double *longest;	/* of a fault; shared with the case */
};

static void hog_cpu(struct child *self, void *arg)
{
	char *mem = mem_anon(HOG_PAGES);

	(void)arg;
	child_oom_adj(OOM_SPARED);
	cpu_run_on(1);
	child_sync(self);
	mem_fill(mem, HOG_PAGES, 0);
	cpu_hog(HOG_MS);
	child_sync(self);
}

static void read_beside(struct child *self, void *arg)
{
	struct beside_hog *beside = arg;
	char *mem = mem_file(beside->fd, FILE_PAGES, MAP_SHARED);
	double start, took;
	size_t i;

	child_sync(self);
	for (i = 0; i < FILE_PAGES; i++) {
		start = clock_seconds();
		mem_read(mem + i * page_size(), 1);
		took = clock_seconds() - start;
		if (took > *beside->longest)
			*beside->longest = took;
	}
	child_sync(self);
	fill_and_tell(self, &beside->fill);
}

static void test_busy_cpu(void)
{
	struct beside_hog beside = {
		.fill = fill_pages(0, 2 * ROOM),
		.longest = (double *)mem_shared(1),
	};
	double most = clock_allowed_ms(1) * MOST_SECONDS / 1000, seconds;
	struct child hog, child;
	char *c;

	swap_none();
	fs_mount("tmpfs", NULL);
	beside.fd = fs_file("file", FILE_PAGES, 0);
	/* The observer must not run on the CPU of the hog. */
	cpu_run_on(0);
	c = limited_container("limited", FILE_PAGES / 4);
	child_start(&child, c, read_beside, &beside);
	child_start(&hog, c, hog_cpu, NULL);
	child_go(&hog);
	child_step(&child);
	child_step(&child);
	seconds = time_to_kill(&child, &beside.fill);
	require(child_poll(&hog, 0) == CHILD_RUNS, "the CPU is free by now");
	ksft_print_msg("longest fault %.3f s, killed in %.3f s\n",
		       *beside.longest, seconds);
	require(*beside.longest <= most, "a fault took %.3f s", *beside.longest);
	require(seconds <= most, "killed in %.3f s", seconds);
	require(child_wait(&hog) == CHILD_SYNCED, "it was killed");
	child_finish(&hog);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_no_swap),
		T(test_no_swap_allowed),
		T(test_siblings),
		T(test_busy_cpu),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
