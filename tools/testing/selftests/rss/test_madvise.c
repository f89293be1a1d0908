// SPDX-License-Identifier: GPL-2.0
/*
 * madvise(): what it maps and unmaps of a region. Cases for MADV_DONTNEED are
 * in test_count, those for swap in test_swap.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cpu.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"

#define N	64
#define HALF	(N / 2)

static void free_lazily(struct actor *a)
{
	mem_advise(a->mem, N, MADV_FREE);
}

/* Makes sure that something was reclaimed. */
static void expect_gone(struct actor *a, size_t first, size_t nr)
{
	size_t i;

	for (i = first; i < first + nr; i++)
		require(!mem_is_mapped(a->mem + i * page_size()),
			"page %zu is still mapped", i);
}

static void page_out_last_half(struct actor *a)
{
	op_page_out(a);
	expect_gone(a, HALF, HALF);
}

static void verify_first_half(struct actor *a)
{
	mem_verify(a->mem, HALF, 0);
}

/* Without swap, reclaim takes only pages freed and not written since. */
static void test_free(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "free lazily", free_lazily },
		{ "write one half again", op_write_first_half },
		{ "reclaim the other", page_out_last_half, .anon = -HALF },
		{ "the first is there", verify_first_half },
		{ "read the zero page", op_read },
		{ "write all", op_write, .anon = HALF },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	swap_none();
	cpu_stay();
	take_steps(actor, 1, 1, steps);
}

static void page_out_all(struct actor *a)
{
	op_page_out(a);
	expect_gone(a, 0, N);
}

/* A file page is uncharged when reclaim unmaps it. */
static void test_page_out_file(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file },
		{ "read", op_read, .file = N },
		{ "page out", page_out_all, .file = -N },
		{ "verify", op_verify, .file = N },
		{ "unmap", op_unmap, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	cpu_stay();
	fs_mount_disk(16 << 20);
	actor->fd = fs_file("file", N, 0);
	require(!fsync(actor->fd), "fsync: %s", strerror(errno));
	take_steps(actor, 1, 1, steps);
}

static void deactivate(struct actor *a)
{
	mem_advise(a->mem, N, MADV_COLD);
}

static void test_cold(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "make it cold", deactivate },
		{ "verify", op_verify },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void populate_read(struct actor *a)
{
	mem_advise(a->mem, N, MADV_POPULATE_READ);
}

static void populate_write(struct actor *a)
{
	mem_advise(a->mem, N, MADV_POPULATE_WRITE);
}

static void test_populate_anon(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "populate with the zero page", populate_read },
		{ "populate for writing", populate_write, .anon = N },
		{ "write", op_write },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void test_populate_file(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file_private },
		{ "populate with the file", populate_read, .file = N },
		{ "populate for writing", populate_write,
		  .anon = N, .file = -N },
		{ "write", op_write },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

static void remove_half(struct actor *a)
{
	mem_advise(a->mem, HALF, MADV_REMOVE);
}

static void test_remove(void)
{
	static const struct step steps[] = {
		{ "map", op_map_shared_anon },
		{ "write", op_write, .file = N, .shmem = N },
		{ "remove one half", remove_half,
		  .file = -HALF, .shmem = -HALF },
		{ "read all", op_read, .file = HALF, .shmem = HALF },
		{ "unmap", op_unmap, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_free),
		T(test_page_out_file),
		T(test_cold),
		T(test_populate_anon),
		T(test_populate_file),
		T(test_remove),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
