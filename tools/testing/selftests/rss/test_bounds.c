// SPDX-License-Identifier: GPL-2.0
/*
 * Mapping pages without a fault also respects the limit: userfaultfd and
 * collapse. swapoff may exceed it, until the next page is charged.
 *
 * PAGES are mapped under LIMIT. The case samples usage from outside: it may
 * exceed the limit by what one operation maps, a page or a huge page.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "keys.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "thp.h"
#include "tunable.h"
#include "uffd.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define THP	"/sys/kernel/mm/transparent_hugepage/"

#define LIMIT	1000
#define PAGES	3000
#define SEED	1

/* One page with each call; stops if a call fails. */
static void copy_pages(struct child *self, void *arg)
{
	char *mem = mem_anon(PAGES), *from = mem_anon(1);
	int uffd = uffd_open(0);
	ssize_t done = 1;
	size_t i;

	(void)arg;
	uffd_register(uffd, mem, PAGES, UFFDIO_REGISTER_MODE_MISSING);
	child_sync(self);
	for (i = 0; i < PAGES && done == 1; i++) {
		mem_fill(from, 1, SEED + i);
		done = uffd_copy(uffd, mem + i * page_size(), from, 1);
	}
	child_sync(self);
	require(done == 1, "copying page %zu: %s", i - 1, strerror(-done));
	mem_verify(mem, PAGES, SEED);
	child_sync(self);
}

/* All with one call. The source is the zero page, which does not count. */
static void copy_at_once(struct child *self, void *arg)
{
	char *mem = mem_anon(PAGES), *from = mem_anon(PAGES);
	int uffd = uffd_open(0);
	ssize_t done;

	(void)arg;
	uffd_register(uffd, mem, PAGES, UFFDIO_REGISTER_MODE_MISSING);
	mem_read(from, PAGES);
	child_sync(self);
	done = uffd_copy(uffd, mem, from, PAGES);
	child_sync(self);
	require(done == PAGES, "copying %d pages: %zd, %s", PAGES, done,
		strerror(done < 0 ? -done : 0));
	mem_read(mem, PAGES);
	child_sync(self);
}

/* Maps what is in the page cache. */
static void continue_pages(struct child *self, void *arg)
{
	int *fd = arg;
	char *mem = mem_file(*fd, PAGES, MAP_SHARED);
	int uffd = uffd_open(UFFD_FEATURE_MINOR_SHMEM);
	ssize_t done = 1;
	size_t i;

	uffd_register(uffd, mem, PAGES, UFFDIO_REGISTER_MODE_MINOR);
	child_sync(self);
	for (i = 0; i < PAGES && done == 1; i++)
		done = uffd_continue(uffd, mem + i * page_size(), 1);
	child_sync(self);
	require(done == 1, "mapping page %zu: %s", i - 1, strerror(-done));
	child_sync(self);
}

/* With swap, or with a file: all pages fit, one after the other. */
static void expect_held(child_fn fn, void *arg)
{
	char *c = limited_container("limited", LIMIT);
	struct child child;

	child_start(&child, c, fn, arg);
	child_step_limited(&child, c, 1);
	child_step_limited(&child, c, 1);
	child_finish(&child);
}

static void test_copy(void)
{
	swap_on(2 * PAGES);
	expect_held(copy_pages, NULL);
}

static void test_copy_at_once(void)
{
	swap_on(2 * PAGES);
	expect_held(copy_at_once, NULL);
}

static void test_continue(void)
{
	int fd;

	swap_on(2 * PAGES);
	fs_mount("tmpfs", NULL);
	fd = fs_file("file", PAGES, SEED);
	expect_held(continue_pages, &fd);
}

/* Without swap, the kernel can only kill, or let the call fail. */
static void test_copy_no_swap(void)
{
	char *c = limited_container("limited", LIMIT);
	struct child child;
	long highest;

	swap_none();
	child_start(&child, c, copy_pages, NULL);
	highest = child_watch(&child, 1, c);
	check_held(c, highest, 1);
}

/*
 * Huge pages of which a quarter is mapped. Collapsed, twice as many as would
 * fit; what is mapped before does fit.
 */
#define HUGE	8

struct sparse {
	size_t huge;
	int fd;
	char *mem;
};

static struct sparse *new_sparse(void)
{
	struct sparse *sparse = (struct sparse *)mem_shared(1);

	sparse->huge = thp_need();
	return sparse;
}

static char *sparse_at(struct sparse *sparse, size_t nr)
{
	return sparse->mem + nr * sparse->huge * page_size();
}

static void write_sparse(struct sparse *sparse)
{
	size_t i;

	sparse->mem = mem_huge(HUGE * sparse->huge);
	for (i = 0; i < HUGE; i++)
		mem_fill(sparse_at(sparse, i), sparse->huge / 4, SEED + i);
}

static void verify_sparse(struct sparse *sparse)
{
	size_t i;

	for (i = 0; i < HUGE; i++)
		mem_verify(sparse_at(sparse, i), sparse->huge / 4, SEED + i);
}

/* Without room the kernel may refuse. */
static void collapse_all(struct child *self, void *arg)
{
	struct sparse *sparse = arg;
	int i, round;

	write_sparse(sparse);
	child_sync(self);
	thp_allow();
	for (round = 0; round < 4; round++)
		for (i = 0; i < HUGE; i++)
			madvise(sparse_at(sparse, i),
				sparse->huge * page_size(), MADV_COLLAPSE);
	child_sync(self);
	verify_sparse(sparse);
	child_sync(self);
}

static void start_sparse(struct child *child, const char *container,
			 child_fn fn, struct sparse *sparse)
{
	child_start(child, container, fn, sparse);
	container_set_pages(container, "rss_limit", container_usage(container) +
			    HUGE * sparse->huge / 4);
}

static void test_collapse(void)
{
	struct sparse *sparse = new_sparse();
	char *c = container_new(NULL, "limited");
	struct child child;

	swap_on(2 * HUGE * sparse->huge);
	start_sparse(&child, c, collapse_all, sparse);
	child_step_limited(&child, c, sparse->huge);
	child_step_limited(&child, c, sparse->huge);
	child_finish(&child);
}

/* The file already consists of huge pages, which only need mapping. */
static void collapse_cached(struct child *self, void *arg)
{
	struct sparse *sparse = arg;
	size_t pages = HUGE * sparse->huge;

	sparse->mem = thp_file(sparse->fd, pages);
	child_sync(self);
	madvise(sparse->mem, pages * page_size(), MADV_COLLAPSE);
	child_sync(self);
	mem_verify(sparse->mem, pages, SEED);
	child_sync(self);
}

static void test_collapse_cached(void)
{
	struct sparse *sparse = new_sparse();
	long limit = 5 * sparse->huge / 2, highest;
	char *c = limited_container("limited", limit);
	struct child child;

	swap_none();
	fs_mount("tmpfs", "huge=always");
	sparse->fd = fs_file("file", HUGE * sparse->huge, SEED);
	child_start(&child, c, collapse_cached, sparse);
	container_set(c, "rss_max_usage", "0");
	child_step(&child);
	highest = container_get(c, "rss_max_usage");
	require(highest >= (long)sparse->huge, "collapsed nothing");
	require(highest <= limit + (long)sparse->huge,
		"usage came to %ld, limit %ld", highest, limit);
	child_step_limited(&child, c, sparse->huge);
	child_finish(&child);
}

static long scans_done(void)
{
	char text[32];

	if (read_text(THP "khugepaged/full_scans", text, sizeof(text)) < 0)
		skip_case("no khugepaged");
	return atol(text);
}

static void wait_for_collapses(struct child *self, void *arg)
{
	struct sparse *sparse = arg;
	long first;

	write_sparse(sparse);
	child_sync(self);
	thp_allow();
	mem_advise(sparse->mem, HUGE * sparse->huge, MADV_HUGEPAGE);
	first = scans_done();
	require(wait_for(scans_done() >= first + 3), "khugepaged does not come");
	child_sync(self);
	verify_sparse(sparse);
	child_sync(self);
}

/* khugepaged causes no kill: the task has touched only what fits. */
static void test_khugepaged(void)
{
	struct sparse *sparse = new_sparse();
	char *c = container_new(NULL, "limited");
	struct child child;
	long highest;

	swap_none();
	tunable_set(THP "enabled", "madvise");
	tunable_set(THP "khugepaged/max_ptes_none", "511");
	tunable_set(THP "khugepaged/pages_to_scan", "65536");
	tunable_set(THP "khugepaged/alloc_sleep_millisecs", "10");
	tunable_set(THP "khugepaged/scan_sleep_millisecs", "10");
	start_sparse(&child, c, wait_for_collapses, sparse);
	highest = child_watch(&child, 1, c);
	require(child.state == CHILD_SYNCED, "the child was killed");
	require(highest <= container_get(c, "rss_limit") + (long)sparse->huge,
		"usage %ld, limit %ld", highest, container_get(c, "rss_limit"));
	child_step(&child);
	require(container_usage(c) <= container_get(c, "rss_limit"),
		"usage %ld, limit %ld", container_usage(c),
		container_get(c, "rss_limit"));
	child_finish(&child);
}

/* swapoff maps what was swapped out, whatever its owner. */
static void fill_and_touch_one(struct child *self, void *arg)
{
	char *mem = mem_anon(PAGES), *more = mem_anon(1);

	(void)arg;
	mem_fill(mem, PAGES, SEED);
	child_sync(self);
	mem_fill(more, 1, 0);
	child_sync(self);
	mem_verify(mem, PAGES, SEED);
	child_sync(self);
}

static void swap_out_and_in(struct child *child, const char *container)
{
	swap_on(2 * PAGES);
	child_start(child, container, fill_and_touch_one, NULL);
	require(container_usage(container) <= LIMIT, "usage %ld",
		container_usage(container));
	swap_cleanup();
	require(container_usage(container) >= PAGES,
		"usage %ld, swapoff maps nothing", container_usage(container));
}

static void test_swapoff(void)
{
	char *c = limited_container("limited", LIMIT);
	struct child child;

	swap_out_and_in(&child, c);
	swap_on(2 * PAGES);
	child_step(&child);
	require(container_usage(c) <= LIMIT, "usage %ld after a fault",
		container_usage(c));
	child_step(&child);
	require(container_usage(c) <= LIMIT, "usage %ld after many",
		container_usage(c));
	child_finish(&child);
}

/* Two that share it: a page mapped by one must stay until the other has it. */
static void fill_and_fork(struct child *self, void *arg)
{
	char *mem = mem_anon(PAGES);
	pid_t pid;

	(void)arg;
	mem_fill(mem, PAGES, SEED);
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	/* A fault above the limit would have one of them killed. */
	require(wait_for(proc_state(pid) == 'S'), "state %c", proc_state(pid));
	child_sync(self);
	mem_verify(mem, PAGES, SEED);
	child_sync(self);
	kill(pid, SIGKILL);
}

static void test_swapoff_shared(void)
{
	char *c = limited_container("limited", LIMIT);
	struct child child;

	swap_on(2 * PAGES);
	child_start(&child, c, fill_and_fork, NULL);
	swap_cleanup();
	require(container_usage(c) >= PAGES, "usage %ld, swapoff maps nothing",
		container_usage(c));
	swap_on(2 * PAGES);
	child_step(&child);
	child_finish(&child);
}

static void test_swapoff_no_swap(void)
{
	char *c = limited_container("limited", LIMIT);
	struct child child;

	swap_out_and_in(&child, c);
	swap_none();
	child_go(&child);
	child_expect_killed(&child);
	require(wait_for(!container_usage(c)), "usage %ld stays",
		container_usage(c));
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_copy),
		T(test_copy_at_once),
		T(test_continue),
		T(test_copy_no_swap),
		T(test_collapse),
		T(test_collapse_cached),
		T(test_khugepaged),
		T(test_swapoff),
		T(test_swapoff_shared),
		T(test_swapoff_no_swap),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
