// SPDX-License-Identifier: GPL-2.0
/*
 * Large folios smaller than a huge page, of each size that the kernel offers.
 * n base pages make such a folio. The region has two of them, and no room for
 * a huge page.
 */
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "mem.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "suites.h"
#include "thp.h"
#include "tunable.h"

#define SIZES	"/sys/kernel/mm/transparent_hugepage/hugepages-"

static char *page(struct actor *a, size_t nr)
{
	return a->mem + nr * page_size();
}

/* Starts midway between two places for a huge page. */
static void map(struct actor *a)
{
	const size_t n = a->pages / 2;
	char *mem = mem_huge(2 * huge_pages());

	thp_allow();
	a->mem = mem + n * page_size();
	mem_unmap(mem, n);
	mem_unmap(page(a, 2 * n), 2 * huge_pages() - 3 * n);
	mem_advise(a->mem, 2 * n, MADV_HUGEPAGE);
}

/* The same with shared memory. */
static void map_shared(struct actor *a)
{
	map(a);
	a->mem = mmap(a->mem, a->pages * page_size(), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void touch(struct actor *a, size_t nr)
{
	const size_t n = a->pages / 2;

	mem_fill(page(a, nr), 1, 1);
	if (!mem_is_mapped(page(a, nr + n - 1)))
		skip_case("no large folio to be had");
}

static void touch_first(struct actor *a)
{
	touch(a, 0);
}

static void touch_second(struct actor *a)
{
	touch(a, a->pages / 2);
}

static void write_all(struct actor *a)
{
	mem_fill(a->mem, a->pages, 1);
}

static void drop_quarter(struct actor *a)
{
	mem_advise(page(a, a->pages / 8), a->pages / 8, MADV_DONTNEED);
}

static void protect_half(struct actor *a)
{
	size_t bytes = a->pages / 4 * page_size();

	require(!mprotect(a->mem, bytes, PROT_READ) &&
		!mprotect(a->mem, bytes, PROT_READ | PROT_WRITE),
		"mprotect: %s", strerror(errno));
}

/* As base pages, if there is more room for those. */
static void migrate(struct actor *a)
{
	struct nodes nodes;
	int i;

	numa_nodes(&nodes);
	for (i = 0; i < 2; i++)
		numa_move(0, a->mem, a->pages, nodes.id[i]);
}

static void split_second(struct actor *a)
{
	char *second = page(a, a->pages / 2);

	thp_split(getpid(), second, a->pages / 2);
	require(!thp_is_large(second), "still a large folio");
}

static void unmap_second(struct actor *a)
{
	mem_unmap(page(a, a->pages / 2), a->pages / 2);
}

static void take_size(long n)
{
	const struct step steps[] = {
		{ "map", map },
		{ "touch the first folio", touch_first, .anon = n },
		{ "touch the second folio", touch_second, .anon = n },
		{ "drop a quarter", drop_quarter, .anon = -n / 4 },
		{ "write all", write_all, .anon = n / 4 },
		{ "protect a half and unprotect it", protect_half },
		{ "split the second folio", split_second },
		{ "drop a quarter", drop_quarter, .anon = -n / 4 },
		{ "unmap the first", op_unmap_first_half, .anon = n / 4 - n },
		{ "unmap the second", unmap_second, .anon = -n },
		{ }
	};
	struct actor actor[1] = { { .pages = 2 * n } };

	take_steps(actor, 1, 1, steps);
}

static void take_size_moving(long n)
{
	const struct step steps[] = {
		{ "map", map },
		{ "touch the first folio", touch_first, .anon = n },
		{ "touch the second folio", touch_second, .anon = n },
		{ "write all", write_all },
		{ "migrate", migrate },
		{ "drop a quarter", drop_quarter, .anon = -n / 4 },
		{ "unmap the second", unmap_second, .anon = -n },
		{ "unmap the first", op_unmap_first_half, .anon = n / 4 - n },
		{ }
	};
	struct actor actor[1] = { { .pages = 2 * n } };

	take_steps(actor, 1, 1, steps);
}

/* Splitting a file folio unmaps it. */
static void take_size_shared(long n)
{
	const struct step steps[] = {
		{ "map", map_shared },
		{ "touch the first folio", touch_first, .file = n, .shmem = n },
		{ "touch the second folio", touch_second,
		  .file = n, .shmem = n },
		{ "drop a quarter", drop_quarter,
		  .file = -n / 4, .shmem = -n / 4 },
		{ "write all", write_all, .file = n / 4, .shmem = n / 4 },
		{ "split the second folio", split_second,
		  .file = -n, .shmem = -n },
		{ "unmap the first", op_unmap_first_half, .file = -n, .shmem = -n },
		{ "unmap the second", unmap_second },
		{ }
	};
	struct actor actor[1] = { { .pages = 2 * n } };

	take_steps(actor, 1, 1, steps);
}

/* Calls @take for each size, which it allows by @file. */
static void for_sizes(const char *file, void (*take)(long n))
{
	char pattern[128];
	glob_t sizes;
	long kb, n;
	size_t i;

	snprintf(pattern, sizeof(pattern), SIZES "*kB/%s", file);
	if (!huge_pages() || glob(pattern, 0, NULL, &sizes))
		skip_case("no large folios of several sizes");
	for (i = 0; i < sizes.gl_pathc; i++) {
		require(sscanf(sizes.gl_pathv[i], SIZES "%ldkB", &kb) == 1,
			"%s is no size", sizes.gl_pathv[i]);
		n = kb * 1024 / page_size();
		/* Quarters are dropped; huge pages have cases of their own. */
		if (n < 4 || n >= (long)huge_pages())
			continue;
		ksft_print_msg("%ldkB\n", kb);
		tunable_set(sizes.gl_pathv[i], "always");
		take(n);
		tunable_set(sizes.gl_pathv[i], "never");
	}
}

static void test_anon(void)
{
	for_sizes("enabled", take_size);
}

static void test_migrate(void)
{
	for_sizes("enabled", take_size_moving);
}

static void test_shmem(void)
{
	for_sizes("shmem_enabled", take_size_shared);
}

static const struct rss_case cases[] = {
	T(test_anon),
	T(test_migrate),
	T(test_shmem),
};

const struct rss_suite thp_sizes = { "sizes", cases, ARRAY_SIZE(cases) };
