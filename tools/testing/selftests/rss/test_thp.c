// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages: exactly the mapped pages of a large folio are charged, whichever
 * tasks map them. H base pages make a huge page, as reported by the kernel
 * (512 on x86); the first touch maps all of them.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "child.h"
#include "container.h"
#include "limit.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"
#include "thp.h"
#include "tunable.h"

static char *at_quarter(struct actor *a, int quarter)
{
	return a->mem + quarter * a->pages / 4 * page_size();
}

static void map_huge(struct actor *a)
{
	a->mem = thp_anon(a->pages);
}

static void touch_one(struct actor *a)
{
	mem_fill(a->mem, 1, 1);
	if (!mem_is_mapped(at_quarter(a, 1)))
		skip_case("no huge page to be had");
}

static void write_all(struct actor *a)
{
	mem_fill(a->mem, a->pages, 1);
}

static void write_again(struct actor *a)
{
	mem_fill(at_quarter(a, 1), a->pages / 4, 1);
}

static void unmap_last_quarter(struct actor *a)
{
	mem_unmap(at_quarter(a, 3), a->pages / 4);
}

static void unmap_three_quarters(struct actor *a)
{
	mem_unmap(a->mem, a->pages * 3 / 4);
}

static void drop_second_quarter(struct actor *a)
{
	mem_advise(at_quarter(a, 1), a->pages / 4, MADV_DONTNEED);
}

static void drop_one(struct actor *a)
{
	mem_advise(a->mem, 1, MADV_DONTNEED);
}

/* Splits the mapping, not the huge page. */
static void protect_half(struct actor *a)
{
	require(!mprotect(a->mem, a->pages / 2 * page_size(), PROT_READ),
		"mprotect: %s", strerror(errno));
}

static void unprotect_half(struct actor *a)
{
	require(!mprotect(a->mem, a->pages / 2 * page_size(),
			  PROT_READ | PROT_WRITE),
		"mprotect: %s", strerror(errno));
}

static void move_page_tables(struct actor *a)
{
	char *to = mem_huge(a->pages);

	a->mem = mremap(a->mem, a->pages * page_size(), a->pages * page_size(),
			MREMAP_MAYMOVE | MREMAP_FIXED, to);
	require(a->mem == to, "mremap: %s", strerror(errno));
}

static void fork_and_write_one(struct actor *a)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		mem_fill(a->mem, 1, 0);
		_exit(0);
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
		"the forked child failed");
}

static void expect_large(struct actor *a, bool large)
{
	require(thp_is_large(at_quarter(a, 3)) == large,
		"the last quarter is %s a large folio",
		large ? "not of" : "still of");
}

static void split_folio(struct actor *a)
{
	expect_large(a, true);
	thp_split(getpid(), a->mem, a->pages);
	expect_large(a, false);
}

/* Partly unmapped folios wait for their shrinker, which this calls. */
static void split_deferred(struct actor *a)
{
	expect_large(a, true);
	tunable_order("/proc/sys/vm/drop_caches", "2");
	expect_large(a, false);
}

static void test_unmap(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "unmap a quarter", unmap_last_quarter, .anon = -h / 4 },
		{ "drop a quarter", drop_second_quarter, .anon = -h / 4 },
		{ "write there again", write_again, .anon = h / 4 },
		{ "unmap the rest", unmap_three_quarters, .anon = -h * 3 / 4 },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_split_mapping(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "protect a half", protect_half },
		{ "unprotect it", unprotect_half },
		{ "drop one page", drop_one, .anon = -1 },
		{ "write all", write_all, .anon = 1 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_split_folio(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "split the folio", split_folio },
		{ "drop one page", drop_one, .anon = -1 },
		{ "write all", write_all, .anon = 1 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* Of a folio that is mapped in part, only that part remains. */
static void test_split_part(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "drop a quarter", drop_second_quarter, .anon = -h / 4 },
		{ "split the folio", split_folio },
		{ "write there again", write_again, .anon = h / 4 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_split_deferred(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "drop a quarter", drop_second_quarter, .anon = -h / 4 },
		{ "let the shrinker split it", split_deferred },
		{ "write there again", write_again, .anon = h / 4 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* The others were never written: the zero page replaces them. */
static void test_split_zeroes(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "split the folio", split_folio, .anon = 1 - h },
		{ "write all", write_all, .anon = h - 1 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* A read maps the huge zero page, which counts as little as the small one. */
static void test_zero_page(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "read one page", op_read_first },
		{ "write all", write_all, .anon = h },
		{ "drop all", op_drop, .anon = -h },
		{ "read one page", op_read_first },
		{ "unmap", op_unmap },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_move(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "move the mapping", move_page_tables },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/*
 * The forked child copies one page and has exited after the step: nothing of
 * the region changes. The parent may copy pages of its stack meanwhile.
 */
static void test_fork(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "fork", fork_and_write_one, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* A forked process in the second container drops the pages it shares. */
static void forked(struct child *self, void *arg)
{
	struct actor *a = arg;

	container_move(a->containers[1], 0);
	mem_settle();
	child_sync(self);
	drop_second_quarter(a);
	child_sync(self);
	mem_unmap(a->mem, a->pages);
	child_sync(self);
}

static void protect_and_fork(struct actor *a)
{
	fork_protected(a, forked);
}

static void test_fork_across(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "fork", protect_and_fork, .at = 1, .oracle_only = true },
		{ "drop a quarter", drop_second_quarter },
		{ "the child drops it, too", op_step_forked, .anon = -h / 4 },
		{ "unmap the rest", op_unmap },
		{ "the child unmaps it, too", op_step_forked, .anon = -h * 3 / 4 },
		{ "the child exits", op_finish_forked, .at = 1,
		  .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 2, steps);
}

/*
 * A third of many huge pages is written to: that fits under the limit, what
 * the faults map does not.
 */
#define SPARSE_HUGE	12
#define SPARSE_STEP	3
#define SPARSE_LIMIT	7

static size_t sparse_pages(void)
{
	return SPARSE_HUGE * thp_need();
}

static void write_sparsely(struct child *self, void *arg)
{
	char *mem;
	size_t i;

	(void)arg;
	thp_allow();
	mem = mem_huge(sparse_pages());
	child_sync(self);
	for (i = 0; i < sparse_pages(); i += SPARSE_STEP)
		mem_fill(mem + i * page_size(), 1, i);
	for (i = 0; i < sparse_pages(); i += SPARSE_STEP)
		mem_verify(mem + i * page_size(), 1, i);
	child_sync(self);
}

static void test_sparse(void)
{
	long limit = SPARSE_LIMIT * thp_need();
	struct child child;
	char *c;

	swap_none();
	tunable_set("/sys/kernel/mm/transparent_hugepage/enabled", "always");
	c = limited_container("limited", limit);
	child_start(&child, c, write_sparsely, NULL);
	child_step_limited(&child, c, thp_need());
	child_finish(&child);
}

/* Huge pages without zero-filled pages do not prevent a kill. */
static void write_densely(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem;

	thp_allow();
	mem = mem_huge(pages);
	child_sync(self);
	mem_fill(mem, pages, 0);
	child_sync(self);
}

static void test_dense(void)
{
	size_t pages = 4 * thp_need();
	struct child child;
	char *c;

	swap_none();
	tunable_set("/sys/kernel/mm/transparent_hugepage/enabled", "always");
	c = limited_container("limited", pages / 2);
	child_start(&child, c, write_densely, &pages);
	child_go(&child);
	child_expect_killed(&child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_unmap),
		T(test_split_mapping),
		T(test_split_folio),
		T(test_split_part),
		T(test_split_deferred),
		T(test_split_zeroes),
		T(test_zero_page),
		T(test_move),
		T(test_fork),
		T(test_fork_across),
		T(test_sparse),
		T(test_dense),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
