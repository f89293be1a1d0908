// SPDX-License-Identifier: GPL-2.0
/*
 * Merged pages: N equal pages become one, which counts once however often it
 * is mapped.  N is below the kernel's max_page_sharing of 256, so that one is
 * enough.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "container.h"
#include "mem.h"
#include "runner.h"
#include "steps.h"
#include "tunable.h"

#define N	96
#define KSM_RUN	"/sys/kernel/mm/ksm/run"

static void write_equal(struct actor *a)
{
	size_t i;

	a->mem = mem_anon(N);
	for (i = 0; i < N; i++)
		mem_fill(a->mem + i * page_size(), 1, 1);
}

static long merged_pages(void)
{
	char text[32];

	if (proc_read_text(0, false, "ksm_merging_pages", text,
			   sizeof(text)) < 0)
		skip_case("no ksm_merging_pages");
	return atol(text);
}

static void merge(struct actor *a)
{
	mem_advise(a->mem, N, MADV_MERGEABLE);
	tunable_set(KSM_RUN, "1");
	require(wait_for(merged_pages() == N), "%ld pages merged",
		merged_pages());
	tunable_set(KSM_RUN, "0");
}

static void write_one(struct actor *a)
{
	mem_fill(a->mem, 1, 2);
}

static void part(struct actor *a)
{
	mem_advise(a->mem, N, MADV_UNMERGEABLE);
}

static void unmap(struct actor *a)
{
	mem_unmap(a->mem, N);
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

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_merge),
		T(test_part),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
