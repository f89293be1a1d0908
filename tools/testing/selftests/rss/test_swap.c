// SPDX-License-Identifier: GPL-2.0
/*
 * Swap: pages are uncharged when they are swapped out and charged when they
 * return, to the container of the mm that then maps them first. A page that is
 * only in the swap cache has no owner.
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "container.h"
#include "cpu.h"
#include "keys.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"
#include "tunable.h"

#define N	64
#define HALF	(N / 2)

static void expect_gone(struct actor *a)
{
	size_t i;

	for (i = 0; i < a->pages; i++)
		require(!mem_is_mapped(a->mem + i * page_size()),
			"page %zu did not go to swap", i);
}

static void swap_out(struct actor *a)
{
	op_page_out(a);
	expect_gone(a);
}

static void read_ahead(struct actor *a)
{
	mem_advise(a->mem, N, MADV_WILLNEED);
}

static void verify_first_half(struct actor *a)
{
	mem_verify(a->mem, HALF, 0);
}

static const struct step anon_steps[] = {
	{ "map", op_map_anon },
	{ "write", op_write, .anon = N },
	{ "swap out", swap_out, .anon = -N },
	{ "read ahead, to the swap cache", read_ahead },
	{ "verify one half", verify_first_half, .anon = HALF },
	{ "write all", op_write, .anon = HALF },
	{ "swap out again", swap_out, .anon = -N },
	{ "write without reading before", op_write, .anon = N },
	{ "swap out once more", swap_out, .anon = -N },
	{ "unmap what is in swap", op_unmap },
	{ }
};

static void test_anon(void)
{
	struct actor actor[1] = { { .pages = N } };

	swap_on(4 * N);
	cpu_stay();
	take_steps(actor, 1, 1, anon_steps);
}

static void test_shmem(void)
{
	static const struct step steps[] = {
		{ "map", op_map_shared_anon },
		{ "write", op_write, .file = N, .shmem = N },
		{ "swap out", swap_out, .file = -N, .shmem = -N },
		{ "verify", op_verify, .file = N, .shmem = N },
		{ "unmap", op_unmap, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	swap_on(4 * N);
	cpu_stay();
	take_steps(actor, 1, 1, steps);
}

/* Moves to the second container and is the first to get the pages back. */
static void move_and_verify(struct child *self, void *arg)
{
	struct actor *a = arg;

	child_sync(self);
	/* It already is there: copies what moving itself writes to. */
	container_move(a->containers[0], 0);
	child_sync(self);
	container_move(a->containers[1], 0);
	child_sync(self);
	op_verify(a);
	child_sync(self);
	op_unmap(a);
	child_sync(self);
}

static void fork_to_move(struct actor *a)
{
	child_fork(&a->forked, move_and_verify, a);
}

static void test_shared(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "swap out", swap_out, .anon = -N },
		{ "fork", fork_to_move, .oracle_only = true },
		{ "the child prepares to move", op_step_forked,
		  .oracle_only = true },
		{ "the child moves", op_step_forked },
		{ "the child swaps in", op_step_forked, .at = 1, .anon = N },
		{ "the parent maps the same pages", op_verify },
		{ "the child unmaps", op_step_forked },
		{ "the parent unmaps", op_unmap, .at = 1, .anon = -N },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	swap_on(4 * N);
	cpu_stay();
	take_steps(actor, 1, 2, steps);
}

/* The pages are in the swap cache when the parent faults. */
static void test_cached(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "swap out", swap_out, .anon = -N },
		{ "fork", fork_to_move, .oracle_only = true },
		{ "the child prepares to move", op_step_forked,
		  .oracle_only = true },
		{ "the child moves", op_step_forked },
		{ "the child swaps in", op_step_forked, .at = 1, .anon = N },
		{ "the child unmaps", op_step_forked, .at = 1, .anon = -N },
		{ "the parent maps the same pages", op_verify, .anon = N },
		{ "the parent unmaps", op_unmap, .anon = -N },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	swap_on(4 * N);
	cpu_stay();
	take_steps(actor, 1, 2, steps);
}

static void end_swap(struct actor *a)
{
	(void)a;
	swap_off();
}

/* A process of the second container calls swapoff. */
static void test_swapoff(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "swap out", swap_out, .anon = -N },
		{ "swap off", end_swap, 1, 0, .anon = N },
		{ "verify", op_verify },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N },
		{ .home = 1 },
	};

	swap_on(4 * N);
	cpu_stay();
	take_steps(actors, 2, 2, steps);
}

/* Pages of shmem return to the page cache, unmapped. */
static void test_swapoff_shmem(void)
{
	static const struct step steps[] = {
		{ "map", op_map_shared_anon },
		{ "write", op_write, .file = N, .shmem = N },
		{ "swap out", swap_out, .file = -N, .shmem = -N },
		{ "swap off", end_swap, 1, 1 },
		{ "verify", op_verify, .file = N, .shmem = N },
		{ "unmap", op_unmap, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N },
		{ .home = 1 },
	};

	swap_on(4 * N);
	cpu_stay();
	take_steps(actors, 2, 2, steps);
}

/*
 * Large folios, of a size that is possible with most page sizes. To swap them
 * as a whole, the kernel needs contiguous room for a huge page.
 */
#define L_BYTES	65536
#define L_SIZE	"/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled"

static void map_for_large(struct actor *a)
{
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	a->mem = mem_huge(a->pages);
}

static void swap_in_first(struct actor *a)
{
	mem_read(a->mem, 1);
	if (!mem_is_mapped(a->mem + page_size()))
		ksft_print_msg("large folios come back page by page\n");
}

static void swap_out_half(struct actor *a)
{
	mem_advise(a->mem, a->pages / 2, MADV_PAGEOUT);
}

/*
 * If zswap was never on, a large folio returns as a whole: the kernel then
 * maps all of it in one fault. Whether it does is up to the kernel.
 */
static void test_large(void)
{
	const long l = L_BYTES / page_size();
	const struct step steps[] = {
		{ "map", map_for_large },
		{ "touch one page", op_write_first, .anon = l },
		{ "write", op_write, .anon = 3 * l },
		{ "swap out", swap_out, .anon = -4 * l },
		{ "swap in by one page", swap_in_first, .oracle_only = true },
		{ "swap in the others", op_write, .oracle_only = true },
		{ "swap out a half", swap_out_half, .anon = -2 * l },
		{ "verify", op_verify, .anon = 2 * l },
		{ "unmap", op_unmap, .anon = -4 * l },
		{ }
	};
	struct actor actor[1] = { { .pages = 4 * l } };

	if (l < 2 || !huge_pages())
		skip_case("no folios of 64 KiB");
	tunable_set(L_SIZE, "always");
	swap_on(4 * huge_pages());
	cpu_stay();
	take_steps(actor, 1, 1, steps);
}

static void test_swapoff_large(void)
{
	const long l = L_BYTES / page_size();
	const struct step steps[] = {
		{ "map", map_for_large },
		{ "write", op_write, .anon = 4 * l },
		{ "swap out", swap_out, .anon = -4 * l },
		{ "swap off", end_swap, 1, 0, .anon = 4 * l },
		{ "verify", op_verify },
		{ "unmap", op_unmap, .anon = -4 * l },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = 4 * l },
		{ .home = 1 },
	};

	if (l < 2 || !huge_pages())
		skip_case("no folios of 64 KiB");
	tunable_set(L_SIZE, "always");
	swap_on(4 * huge_pages());
	cpu_stay();
	take_steps(actors, 2, 2, steps);
}

static void expect_zswap(struct actor *a)
{
	(void)a;
	require(read_key("/proc/meminfo", "Zswapped:") > 0,
		"nothing is in zswap");
}

static void test_zswap(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "swap out", swap_out, .anon = -N },
		{ "look into zswap", expect_zswap },
		{ "verify one half", verify_first_half, .anon = HALF },
		{ "swap off", end_swap, 1, 0, .anon = HALF },
		{ "verify", op_verify },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N },
		{ .home = 1 },
	};

	tunable_set("/sys/module/zswap/parameters/enabled", "Y");
	swap_on(4 * N);
	cpu_stay();
	take_steps(actors, 2, 2, steps);
}

/* The one with zswap last, see test_large(). */
int main(void)
{
	static const struct rss_case cases[] = {
		T(test_anon),
		T(test_shmem),
		T(test_shared),
		T(test_cached),
		T(test_swapoff),
		T(test_swapoff_shmem),
		T(test_large),
		T(test_swapoff_large),
		T(test_zswap),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
