// SPDX-License-Identifier: GPL-2.0
/*
 * One process in one container: usage is what it has mapped, to the page.
 *
 * Every region has N pages, and each step tells by how many usage changes. The
 * numbers follow from the contract: a page counts from its first mapping to
 * its last, the zero page does not count, nor does unmapped page cache.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>

#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "steps.h"

#define N	96
#define HALF	(N / 2)
#define QUARTER	(N / 4)

static char *page(struct actor *a, size_t nr)
{
	return a->mem + nr * page_size();
}

static void map_anon(struct actor *a)
{
	a->mem = mem_anon(N);
}

static void map_shared_anon(struct actor *a)
{
	a->mem = mem_shared(N);
}

static void map_file(struct actor *a)
{
	a->mem = mem_file(a->fd, N, MAP_SHARED);
}

static void map_file_private(struct actor *a)
{
	a->mem = mem_file(a->fd, N, MAP_PRIVATE);
}

static void read_all(struct actor *a)
{
	mem_read(a->mem, N);
}

static void read_first_quarter(struct actor *a)
{
	mem_read(a->mem, QUARTER);
}

static void write_all(struct actor *a)
{
	mem_fill(a->mem, N, 0);
}

static void write_first_half(struct actor *a)
{
	mem_fill(a->mem, HALF, 0);
}

static void unmap_all(struct actor *a)
{
	mem_unmap(a->mem, N);
}

static void unmap_first_half(struct actor *a)
{
	mem_unmap(a->mem, HALF);
}

static void unmap_last_half(struct actor *a)
{
	mem_unmap(page(a, HALF), HALF);
}

static void drop_first_quarter(struct actor *a)
{
	mem_advise(a->mem, QUARTER, MADV_DONTNEED);
}

static void drop_all(struct actor *a)
{
	mem_advise(a->mem, N, MADV_DONTNEED);
}

static void protect_all(struct actor *a)
{
	require(!mprotect(a->mem, N * page_size(), PROT_NONE) &&
		!mprotect(a->mem, N * page_size(), PROT_READ | PROT_WRITE),
		"mprotect: %s", strerror(errno));
}

static void lock_all(struct actor *a)
{
	require(!mlock(a->mem, N * page_size()), "mlock: %s", strerror(errno));
}

static void unlock_all(struct actor *a)
{
	require(!munlock(a->mem, N * page_size()), "munlock: %s",
		strerror(errno));
}

static void free_lazily(struct actor *a)
{
	mem_advise(a->mem, N, MADV_FREE);
}

/* Moves the region to another address, with room for N more pages. */
static void move_and_double(struct actor *a)
{
	a->mem = mremap(a->mem, N * page_size(), 2 * N * page_size(),
			MREMAP_MAYMOVE);
	require(a->mem != MAP_FAILED, "mremap: %s", strerror(errno));
}

static void write_second_n(struct actor *a)
{
	mem_fill(page(a, N), N, 0);
}

static void shrink_to_n(struct actor *a)
{
	require(mremap(a->mem, 2 * N * page_size(), N * page_size(), 0) ==
		a->mem, "mremap: %s", strerror(errno));
}

static void punch_first_quarter(struct actor *a)
{
	require(!fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   0, QUARTER * page_size()),
		"fallocate: %s", strerror(errno));
}

static void truncate_to_half(struct actor *a)
{
	require(!ftruncate(a->fd, HALF * page_size()), "ftruncate: %s",
		strerror(errno));
}

static void map_file_again(struct actor *a)
{
	a->more = mem_file(a->fd, N, MAP_SHARED);
	mem_read(a->more, N);
}

static void unmap_again(struct actor *a)
{
	mem_unmap(a->more, N);
}

static void test_anon(void)
{
	static const struct step steps[] = {
		{ "map", map_anon },
		{ "read the zero page", read_all },
		{ "write one half", write_first_half, .anon = HALF },
		{ "write all", write_all, .anon = HALF },
		{ "take away the access and give it back", protect_all },
		{ "unmap one half", unmap_last_half, .anon = -HALF },
		{ "drop a quarter", drop_first_quarter, .anon = -QUARTER },
		{ "read the zero page there", read_first_quarter },
		{ "unmap the rest", unmap_first_half, .anon = -QUARTER },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_lock(void)
{
	static const struct step steps[] = {
		{ "map", map_anon },
		{ "lock, which maps all", lock_all, .anon = N },
		{ "write", write_all },
		{ "unlock", unlock_all },
		{ "free lazily", free_lazily },
		{ "unmap", unmap_all, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_mremap(void)
{
	static const struct step steps[] = {
		{ "map", map_anon },
		{ "write", write_all, .anon = N },
		{ "move", move_and_double },
		{ "write what is new", write_second_n, .anon = N },
		{ "shrink", shrink_to_n, .anon = -N },
		{ "unmap", unmap_all, .anon = -N },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_shared_anon(void)
{
	static const struct step steps[] = {
		{ "map", map_shared_anon },
		{ "read", read_all, .file = N, .shmem = N },
		{ "write", write_all },
		{ "unmap one half", unmap_first_half,
		  .file = -HALF, .shmem = -HALF },
		{ "unmap the other", unmap_last_half,
		  .file = -HALF, .shmem = -HALF },
		{ }
	};
	struct actor actor[1] = { 0 };

	take_steps(actor, 1, 1, steps);
}

static void test_tmpfs(void)
{
	static const struct step steps[] = {
		{ "map", map_file },
		{ "read", read_all, .file = N, .shmem = N },
		{ "write", write_all },
		{ "map it once more", map_file_again },
		{ "unmap that again", unmap_again },
		{ "punch a hole", punch_first_quarter,
		  .file = -QUARTER, .shmem = -QUARTER },
		{ "read the hole", read_all, .file = QUARTER, .shmem = QUARTER },
		{ "truncate", truncate_to_half, .file = -HALF, .shmem = -HALF },
		{ "unmap", unmap_all, .file = -HALF, .shmem = -HALF },
		{ }
	};
	struct actor actor[1] = { 0 };

	fs_mount("tmpfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

/* Page cache not backed by swap is file, but not shmem. */
static const struct step file_steps[] = {
	{ "map", map_file },
	{ "read", read_all, .file = N },
	{ "write", write_all },
	{ "drop all, which stays cached", drop_all, .file = -N },
	{ "read again", read_all, .file = N },
	{ "unmap one half", unmap_first_half, .file = -HALF },
	{ "unmap the other", unmap_last_half, .file = -HALF },
	{ }
};

static void test_ramfs(void)
{
	struct actor actor[1] = { 0 };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, file_steps);
}

static void test_disk(void)
{
	struct actor actor[1] = { 0 };

	fs_mount_disk(16 << 20);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, file_steps);
}

static void test_cow(void)
{
	static const struct step steps[] = {
		{ "map", map_file_private },
		{ "read", read_all, .file = N },
		{ "copy one half on write", write_first_half,
		  .file = -HALF, .anon = HALF },
		{ "copy the other", write_all, .file = -HALF, .anon = HALF },
		{ "drop a quarter of the copies", drop_first_quarter,
		  .anon = -QUARTER },
		{ "read the file there", read_all, .file = QUARTER },
		{ "unmap", unmap_all, .anon = QUARTER - N, .file = -QUARTER },
		{ }
	};
	struct actor actor[1] = { 0 };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_anon),
		T(test_lock),
		T(test_mremap),
		T(test_shared_anon),
		T(test_tmpfs),
		T(test_ramfs),
		T(test_disk),
		T(test_cow),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
