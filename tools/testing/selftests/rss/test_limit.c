// SPDX-License-Identifier: GPL-2.0
/*
 * Faults at the limit, with swap on zram.
 *
 * All regions have 4 * LIMIT pages, so most of each must be reclaimed once.
 * For each task in a fault, usage may exceed the limit by what the fault maps:
 * one page, or a huge page. The case samples usage from outside; rss_max_usage
 * is the peak according to the kernel.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "child.h"
#include "container.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define LIMIT		1024
#define REGION		(4 * LIMIT)
#define CHILDREN	4

static void test_swap(void)
{
	struct filler filler = { .pages = REGION };
	struct child child;
	char *c;

	swap_on(2 * REGION);
	c = limited_container("limited", LIMIT);
	child_start(&child, c, child_filler, &filler);
	child_step_limited(&child, c, 1);
	/* All but what is in memory has been reclaimed at least once. */
	require(container_get(c, "rss_reclaimed") >= REGION - LIMIT,
		"reclaimed only %ld pages", container_get(c, "rss_reclaimed"));

	child_step_limited(&child, c, 1);
	child_finish(&child);
	require(!container_usage(c), "usage %ld stays", container_usage(c));
	container_remove(c);
}

static void test_several(void)
{
	struct filler filler = { .pages = REGION };
	struct child children[CHILDREN];
	long highest;
	char *c;
	int i, round;

	swap_on(2 * CHILDREN * REGION);
	c = limited_container("limited", LIMIT);
	for (i = 0; i < CHILDREN; i++)
		child_start(&children[i], c, child_filler, &filler);
	for (round = 0; round < 2; round++) {
		highest = child_watch(children, CHILDREN, c);
		check_held(c, highest, CHILDREN);
		for (i = 0; i < CHILDREN; i++)
			require(children[i].state == CHILD_SYNCED,
				"child %d was killed", i);
	}
	for (i = 0; i < CHILDREN; i++)
		child_finish(&children[i]);
	container_remove(c);
}

static char *map_huge(struct child *self, size_t pages)
{
	char *mem;

	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	mem = mem_huge(pages);
	mem_advise(mem, pages, MADV_HUGEPAGE);
	child_sync(self);
	return mem;
}

static void fill_huge(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem = map_huge(self, pages);

	mem_fill(mem, pages, 0);
	child_sync(self);
	mem_verify(mem, pages, 0);
	child_sync(self);
}

static void test_huge(void)
{
	size_t pages = 8 * huge_pages();
	struct child child;
	char *c;
	int round;

	if (!pages)
		skip_case("no transparent huge pages");
	swap_on(2 * pages);
	/* Two huge pages, and half of one for the rest of the child. */
	c = limited_container("limited", pages / 4 + huge_pages() / 2);
	child_start(&child, c, fill_huge, &pages);
	for (round = 0; round < 2; round++)
		child_step_limited(&child, c, huge_pages());
	child_finish(&child);
}

/* A process that fills its container to the last page loses none. */
static void test_exact(void)
{
	struct filler filler = { .pages = LIMIT };
	struct child child;
	char *c;

	c = container_new(NULL, "exact");
	child_start(&child, c, child_filler, &filler);
	container_set_pages(c, "rss_limit", container_usage(c) + LIMIT);
	child_step(&child);
	require(container_usage(c) == container_get(c, "rss_limit"),
		"usage %ld, limit %ld", container_usage(c),
		container_get(c, "rss_limit"));
	require(container_get(c, "rss_reclaimed") == 0,
		"%ld pages reclaimed below the limit",
		container_get(c, "rss_reclaimed"));
	child_step(&child);
	child_finish(&child);
}

/* All but half of the last huge page. */
static void fill_most(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem = map_huge(self, pages);

	mem_fill(mem, pages - huge_pages() / 2, 0);
	child_sync(self);
}

/*
 * Without swap. All pages that are touched fit, but the last huge page would
 * not, so small pages must be used.
 */
static void test_huge_fits(void)
{
	size_t pages = 4 * huge_pages();
	struct child child;
	char *c;

	if (!huge_pages())
		skip_case("no transparent huge pages");
	swap_none();
	c = container_new(NULL, "fits");
	child_start(&child, c, fill_most, &pages);
	container_set_pages(c, "rss_limit",
			    container_usage(c) + pages - huge_pages() / 2);
	child_go(&child);
	require(child_wait(&child) == CHILD_SYNCED, "the child was killed");
	require(container_usage(c) <= container_get(c, "rss_limit"),
		"usage %ld, limit %ld", container_usage(c),
		container_get(c, "rss_limit"));
	child_finish(&child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_swap),
		T(test_several),
		T(test_huge),
		T(test_exact),
		T(test_huge_fits),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
