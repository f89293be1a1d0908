// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows: large folios are mapped and unmapped.
 */
#include <sys/mman.h>

#include "bench.h"

#define THP		"/sys/kernel/mm/transparent_hugepage/"
#define MIB		(1024 * 1024UL)

static void allow_huge(void)
{
	write_setting(THP "hugepages-2048kB/enabled", "madvise");
	write_setting(THP "hugepages-64kB/enabled", "never");
}

static void allow_64k(void)
{
	write_setting(THP "hugepages-2048kB/enabled", "never");
	write_setting(THP "hugepages-64kB/enabled", "madvise");
}

static unsigned long cost_of(size_t size)
{
	unsigned long start = now();
	void *mem = map_at_home(size, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (madvise(mem, size, MADV_HUGEPAGE))
		die("madvise");
	touch_write(mem, size);
	unmap(mem, size);
	return now() - start;
}

static unsigned long run_huge(void)
{
	return cost_of(2 * MIB);
}

static unsigned long run_64k(void)
{
	return cost_of(MIB);
}

const struct row huge_rows[] = {
	{ .name = "huge page of 2 MiB", .unit = "folio", .units = 1,
	  .setup = allow_huge, .run = run_huge },
	{ .name = "large folios of 64 KiB", .unit = "folio", .units = 16,
	  .setup = allow_64k, .run = run_64k },
	{ }
};
