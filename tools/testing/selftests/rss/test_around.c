// SPDX-License-Identifier: GPL-2.0
/*
 * Fault-around: a read fault on a cached file also maps the pages around it,
 * in a window of A pages. Each is charged to its first mapper's container.
 *
 * The region has four windows and starts with one.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "tunable.h"

#define FEW	4

static size_t window(const struct actor *a)
{
	return a->pages / 4 * page_size();
}

static void map_aligned(struct actor *a, int flags)
{
	uintptr_t at = (uintptr_t)mem_anon(2 * a->pages);

	at += -at % window(a);
	a->mem = mmap((void *)at, a->pages * page_size(),
		      PROT_READ | PROT_WRITE, flags | MAP_FIXED, a->fd, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void map_shared(struct actor *a)
{
	map_aligned(a, MAP_SHARED);
}

static void map_private(struct actor *a)
{
	map_aligned(a, MAP_PRIVATE);
}

/* A page that is neither the first nor the last of its window. */
static void read_in_first(struct actor *a)
{
	mem_read(a->mem + FEW * page_size(), 1);
}

static void read_in_second(struct actor *a)
{
	mem_read(a->mem + window(a) + FEW * page_size(), 1);
}

static void write_few_in_second(struct actor *a)
{
	mem_fill(a->mem + window(a), FEW, 0);
}

static void write_few_in_first(struct actor *a)
{
	mem_fill(a->mem, FEW, 0);
}

static void unmap_few(struct actor *a)
{
	mem_unmap(a->mem, FEW);
}

static void unmap_rest_of_first(struct actor *a)
{
	mem_unmap(a->mem + FEW * page_size(), a->pages / 4 - FEW);
}

static void unmap_others(struct actor *a)
{
	mem_unmap(a->mem + window(a), a->pages * 3 / 4);
}

static size_t set_window(void)
{
	size_t pages = fault_around_pages();
	char bytes[32];

	if (pages <= 2 * FEW)
		skip_case("pages are too large");
	snprintf(bytes, sizeof(bytes), "%zu", pages * page_size());
	tunable_set("/sys/kernel/debug/fault_around_bytes", bytes);
	return pages;
}

static void test_shared(void)
{
	const long window = set_window();
	const struct step steps[] = {
		{ "map", map_shared },
		{ "read a page of the first window", read_in_first,
		  .file = window },
		{ "write a few of the second", write_few_in_second,
		  .file = FEW },
		{ "read another one there", read_in_second,
		  .file = window - FEW },
		{ "read all", op_read, .file = 2 * window },
		{ "drop all", op_drop, .file = -4 * window },
		{ "read a page of the first window", read_in_first,
		  .file = window },
		{ "unmap", op_unmap, .file = -window },
		{ }
	};
	struct actor actor[1] = { { .pages = 4 * window } };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", 4 * window, 0);
	take_steps(actor, 1, 1, steps);
}

static void test_private(void)
{
	const long window = set_window();
	const struct step steps[] = {
		{ "map", map_private },
		{ "copy a few of the first window", write_few_in_first,
		  .anon = FEW },
		{ "read another one there", read_in_first,
		  .file = window - FEW },
		{ "unmap", op_unmap, .anon = -FEW, .file = FEW - window },
		{ }
	};
	struct actor actor[1] = { { .pages = 4 * window } };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", 4 * window, 0);
	take_steps(actor, 1, 1, steps);
}

/* The pages in a window that the second container has mapped stay its own. */
static void test_two_containers(void)
{
	const long window = set_window();
	const struct step steps[] = {
		{ "the first maps", map_shared, 0, 0 },
		{ "the second maps", map_shared, 1, 1 },
		{ "the second writes a few", write_few_in_first, 1, 1,
		  .file = FEW },
		{ "the first reads another one", read_in_first, 0, 0,
		  .file = window - FEW },
		{ "the second reads all", op_read, 1, 1, .file = 3 * window },
		{ "the first unmaps", op_unmap, 0, 0 },
		{ "the second unmaps the few", unmap_few, 1, 1, .file = -FEW },
		{ "and the rest of the window", unmap_rest_of_first, 1, 0,
		  .file = FEW - window },
		{ "and the others", unmap_others, 1, 1, .file = -3 * window },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = 4 * window },
		{ .home = 1, .pages = 4 * window },
	};

	fs_mount("ramfs", NULL);
	actors[0].fd = fs_file("file", 4 * window, 0);
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 2, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_shared),
		T(test_private),
		T(test_two_containers),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
