// SPDX-License-Identifier: GPL-2.0
/*
 * Changes to the address space of one process: what the heap, the stack,
 * mmap() and mremap() add, and what the mappings that they replace remove.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fs.h"
#include "maps.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"

#define N	64
#define HALF	(N / 2)
#define QUARTER	(N / 4)

static char *page(struct actor *a, size_t nr)
{
	return a->mem + nr * page_size();
}

/* The top of the heap is usually on a page that is already mapped. */
static void grow_heap(struct actor *a)
{
	uintptr_t top = (uintptr_t)sbrk(0);
	size_t rest = -top % page_size();

	require(sbrk(rest + N * page_size()) != (void *)-1, "sbrk: %s",
		strerror(errno));
	a->mem = (char *)top + rest;
}

static void shrink_heap_by_half(struct actor *a)
{
	(void)a;
	require(sbrk(-(intptr_t)(HALF * page_size())) != (void *)-1,
		"sbrk: %s", strerror(errno));
}

static void test_brk(void)
{
	static const struct step steps[] = {
		{ "grow the heap", grow_heap },
		{ "write", op_write, .anon = N },
		{ "shrink it by half", shrink_heap_by_half, .anon = -HALF },
		{ "and by the other", shrink_heap_by_half, .anon = -HALF },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

/* A mapping, identified by an address in it. */
struct wanted {
	uintptr_t inside;
	unsigned long start;
};

static int match_map(const struct map *map, void *arg)
{
	struct wanted *wanted = arg;

	if (wanted->inside < map->start || wanted->inside >= map->end)
		return 0;
	wanted->start = map->start;
	return 1;
}

/* Page by page from its lower end on, as deep calls would do. */
static void grow_stack(struct actor *a)
{
	struct wanted stack = { (uintptr_t)&stack };
	char *end;
	int i;

	require(maps_walk(getpid(), match_map, &stack) == 1, "no stack");
	end = (char *)stack.start;
	for (i = 1; i <= N; i++)
		mem_fill(end - i * page_size(), 1, 0);
	a->mem = end - N * page_size();
}

static void test_stack(void)
{
	static const struct step steps[] = {
		{ "grow the stack", grow_stack, .anon = N },
		{ "drop what is not in use", op_drop, .anon = -N },
		{ "use it again", op_write, .anon = N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void unmap_middle(struct actor *a)
{
	mem_unmap(page(a, QUARTER), HALF);
}

static void map_over_first_quarter(struct actor *a)
{
	require(mmap(a->mem, QUARTER * page_size(), PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == a->mem,
		"mmap: %s", strerror(errno));
}

static void write_first_quarter(struct actor *a)
{
	mem_fill(a->mem, QUARTER, 0);
}

static void test_hole(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "unmap the half in the middle", unmap_middle, .anon = -HALF },
		{ "map over a quarter", map_over_first_quarter,
		  .anon = -QUARTER },
		{ "write that", write_first_quarter, .anon = QUARTER },
		{ "unmap all, with the hole", op_unmap, .anon = -HALF },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void map_populated(struct actor *a)
{
	a->mem = mmap(NULL, N * page_size(), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void map_file_populated(struct actor *a)
{
	a->mem = mmap(NULL, N * page_size(), PROT_READ,
		      MAP_PRIVATE | MAP_POPULATE, a->fd, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void test_populate(void)
{
	static const struct step steps[] = {
		{ "map and populate", map_populated, .anon = N },
		{ "write", op_write },
		{ "unmap", op_unmap, .anon = -N },
		{ "map and populate a file", map_file_populated, .file = N },
		{ "unmap it", op_unmap, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

/* To where a->more is, or anywhere if that is NULL. */
static char *move_with(struct actor *a, int flags)
{
	char *to = mremap(a->mem, N * page_size(), N * page_size(),
			  flags | MREMAP_MAYMOVE, a->more);

	require(to != MAP_FAILED, "mremap: %s", strerror(errno));
	return to;
}

static void move_but_keep(struct actor *a)
{
	a->more = move_with(a, MREMAP_DONTUNMAP);
}

static void verify_moved(struct actor *a)
{
	mem_verify(a->more, N, 0);
}

static void unmap_moved(struct actor *a)
{
	mem_unmap(a->more, N);
}

/* The pages move, the mapping stays and is empty. */
static void test_move_but_keep(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "move, but keep the mapping", move_but_keep },
		{ "verify", verify_moved },
		{ "read where nothing is left", op_read },
		{ "write there", op_write, .anon = N },
		{ "unmap what was moved", unmap_moved, .anon = -N },
		{ "unmap the rest", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void map_and_write_more(struct actor *a)
{
	a->more = mem_anon(N);
	mem_fill(a->more, N, N);
}

static void move_over(struct actor *a)
{
	require(move_with(a, MREMAP_FIXED) == a->more, "moved elsewhere");
}

static void test_move_over(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "map and write more", map_and_write_more, .anon = N },
		{ "move over that", move_over, .anon = -N },
		{ "verify", verify_moved },
		{ "unmap", unmap_moved, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

/* With an old size of 0, the same pages are mapped a second time. */
static void map_twice(struct actor *a)
{
	a->more = mremap(a->mem, 0, N * page_size(), MREMAP_MAYMOVE);
	require(a->more != MAP_FAILED, "mremap: %s", strerror(errno));
}

static void test_map_twice(void)
{
	static const struct step steps[] = {
		{ "map", op_map_shared_anon },
		{ "write", op_write, .file = N, .shmem = N },
		{ "map twice", map_twice },
		{ "verify", verify_moved },
		{ "unmap the first", op_unmap },
		{ "unmap the second", unmap_moved, .file = -N, .shmem = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_brk),
		T(test_stack),
		T(test_hole),
		T(test_populate),
		T(test_move_but_keep),
		T(test_move_over),
		T(test_map_twice),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
