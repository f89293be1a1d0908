// SPDX-License-Identifier: GPL-2.0
/*
 * Merged pages: N equal pages become one, which counts once however often it
 * is mapped, in the container that was charged before it was shared. 2 * N is
 * below the kernel's max_page_sharing of 256, so one page is enough.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "container.h"
#include "frame.h"
#include "mem.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "thp.h"
#include "tunable.h"

#define N	96
#define KSM	"/sys/kernel/mm/ksm/"

static void set_equal(struct actor *a, unsigned long value)
{
	size_t i;

	for (i = 0; i < N; i++)
		mem_fill(a->mem + i * page_size(), 1, value);
}

static void write_equal(struct actor *a)
{
	a->mem = mem_anon(N);
	set_equal(a, 1);
}

static void write_zero(struct actor *a)
{
	a->mem = mem_anon(N);
	set_equal(a, 0);
}

/* A huge page, whose first N base pages are equal. */
static void write_huge(struct actor *a)
{
	a->mem = thp_anon(a->pages);
	mem_fill(a->mem, a->pages, 1);
	if (!thp_is_large(a->mem))
		skip_case("no huge page to be had");
	set_equal(a, 1);
}

static size_t merged_pages(void)
{
	char text[32];

	if (proc_read_text(0, false, "ksm_merging_pages", text,
			   sizeof(text)) < 0)
		skip_case("no ksm_merging_pages");
	return atol(text);
}

static size_t zero_pages(struct actor *a)
{
	size_t zero = 0, i;

	for (i = 0; i < N; i++)
		zero += frame_is(frame_of(0, a->mem + i * page_size()),
				 KPF_ZERO_PAGE);
	return zero;
}

static void merge(struct actor *a)
{
	mem_advise(a->mem, N, MADV_MERGEABLE);
	tunable_set(KSM "run", "1");
	require(wait_for(merged_pages() == N), "%zu pages merged",
		merged_pages());
	tunable_set(KSM "run", "0");
}

/* Cannot be changed, nor restored, while anything is merged. */
static void merge_pairs(struct actor *a)
{
	tunable_set(KSM "run", "2");
	tunable_set(KSM "max_page_sharing", "2");
	merge(a);
}

static void merge_zero(struct actor *a)
{
	tunable_set(KSM "use_zero_pages", "1");
	mem_advise(a->mem, N, MADV_MERGEABLE);
	tunable_set(KSM "run", "1");
	require(wait_for(zero_pages(a) == N), "%zu pages merged",
		zero_pages(a));
	tunable_set(KSM "run", "0");
}

static void write_one(struct actor *a)
{
	mem_fill(a->mem, 1, 2);
}

static void part(struct actor *a)
{
	mem_advise(a->mem, N, MADV_UNMERGEABLE);
}

static void part_but_last(struct actor *a)
{
	mem_advise(a->mem, N - 1, MADV_UNMERGEABLE);
}

static void drop_last(struct actor *a)
{
	mem_advise(a->mem + (N - 1) * page_size(), 1, MADV_DONTNEED);
}

static void part_all(struct actor *a)
{
	(void)a;
	tunable_set(KSM "run", "2");
}

static void unmap(struct actor *a)
{
	mem_unmap(a->mem, N);
}

static void unmap_one(struct actor *a)
{
	mem_unmap(a->mem, 1);
}

static void unmap_others(struct actor *a)
{
	mem_unmap(a->mem + page_size(), N - 1);
}

static void migrate(struct actor *a)
{
	struct nodes nodes;
	int i;

	numa_nodes(&nodes);
	for (i = 0; i < 2; i++)
		numa_move(0, a->mem, N, nodes.id[i]);
}

static void test_merge(void)
{
	static const struct step steps[] = {
		{ "write equal pages", write_equal, .anon = N },
		{ "merge", merge, .anon = 1 - N },
		{ "write one", write_one, .anon = 1 },
		{ "unmap", unmap, .anon = -2 },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_part(void)
{
	static const struct step steps[] = {
		{ "write equal pages", write_equal, .anon = N },
		{ "merge", merge, .anon = 1 - N },
		{ "part", part, .anon = N - 1 },
		{ "unmap", unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_part_all(void)
{
	static const struct step steps[] = {
		{ "write equal pages", write_equal, .anon = N },
		{ "merge", merge, .anon = 1 - N },
		{ "part all that is merged", part_all, .anon = N - 1 },
		{ "unmap", unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

/* A page that may be mapped only twice has duplicates. */
static void test_pairs(void)
{
	static const struct step steps[] = {
		{ "write equal pages", write_equal, .anon = N },
		{ "merge two at a time", merge_pairs, .anon = -N / 2 },
		{ "part all that is merged", part_all, .anon = N / 2 },
		{ "unmap", unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_zero(void)
{
	static const struct step steps[] = {
		{ "write zeroes", write_zero, .anon = N },
		{ "merge with the zero page", merge_zero, .anon = -N },
		{ "write one", write_one, .anon = 1 },
		{ "unmap", unmap, .anon = -1 },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_huge(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "write equal pages in a huge one", write_huge, .anon = h },
		{ "merge", merge, .anon = 1 - N },
		{ "write one", write_one, .anon = 1 },
		{ "unmap", op_unmap, .anon = N - 2 - h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_migrate(void)
{
	static const struct step steps[] = {
		{ "write equal pages", write_equal, .anon = N },
		{ "merge", merge, .anon = 1 - N },
		{ "migrate", migrate },
		{ "write one", write_one, .anon = 1 },
		{ "unmap", unmap, .anon = -2 },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

/* Pages of the second merged into the first's page belong to the first. */
static void test_across(void)
{
	static const struct step steps[] = {
		{ "the first writes", write_equal, 0, 0, .anon = N },
		{ "and merges", merge, 0, 0, .anon = 1 - N },
		{ "the second writes", write_equal, 1, 1, .anon = N },
		{ "and merges into it", merge, 1, 1, .anon = -N },
		{ "the first unmaps", unmap, 0, 0 },
		{ "the second writes one", write_one, 1, 1, .anon = 1 },
		{ "and unmaps it", unmap_one, 1, 1, .anon = -1 },
		{ "and the others", unmap_others, 1, 0, .anon = -1 },
		{ }
	};
	struct actor actors[2] = { { .home = 0 }, { .home = 1 } };

	take_steps(actors, 2, 2, steps);
}

static void test_part_across(void)
{
	static const struct step steps[] = {
		{ "the first writes", write_equal, 0, 0, .anon = N },
		{ "and merges", merge, 0, 0, .anon = 1 - N },
		{ "the second writes", write_equal, 1, 1, .anon = N },
		{ "and merges into it", merge, 1, 1, .anon = -N },
		{ "the first parts", part, 0, 0, .anon = N },
		{ "the second parts", part_but_last, 1, 1, .anon = N - 1 },
		{ "and drops the last", drop_last, 1, 0, .anon = -1 },
		{ "and unmaps", unmap, 1, 1, .anon = 1 - N },
		{ "the first unmaps", unmap, 0, 0, .anon = -N },
		{ }
	};
	struct actor actors[2] = { { .home = 0 }, { .home = 1 } };

	take_steps(actors, 2, 2, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_merge),
		T(test_part),
		T(test_part_all),
		T(test_pairs),
		T(test_zero),
		T(test_huge),
		T(test_migrate),
		T(test_across),
		T(test_part_across),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
