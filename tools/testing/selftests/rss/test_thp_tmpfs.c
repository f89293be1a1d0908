// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages of files, on tmpfs. They belong to the container that mapped any
 * part of them first. H base pages make a huge page; regions are one, or a
 * part of it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "frame.h"
#include "fs.h"
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

static void drop_second_quarter(struct actor *a)
{
	mem_advise(at_quarter(a, 1), a->pages / 4, MADV_DONTNEED);
}

static void map_huge_file(struct actor *a)
{
	a->mem = thp_file(a->fd, a->pages);
}

static void punch_quarter(struct actor *a)
{
	require(!fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			   a->pages / 4 * page_size(),
			   a->pages / 4 * page_size()),
		"fallocate: %s", strerror(errno));
}

/* Nothing of it is mapped by then; it is enough that no large folio is left. */
static void split_file(struct actor *a)
{
	require(thp_is_large(a->mem), "no large folio");
	thp_split(getpid(), a->mem, a->pages);
	require(!frame_of(0, a->mem), "still mapped");
}

static void make_huge_file(struct actor *a)
{
	fs_mount("tmpfs", "huge=always");
	a->fd = fs_file("file", 0, 0);
	require(!ftruncate(a->fd, a->pages * page_size()), "ftruncate: %s",
		strerror(errno));
}

/*
 * Unmapping a part of a file's huge page unmaps all of it; the kernel decides
 * how much the next fault maps.
 */
static void test_mapped(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge_file },
		{ "touch one page", touch_one, .file = h, .shmem = h },
		{ "drop a quarter", drop_second_quarter, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", op_unmap, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	make_huge_file(actor);
	take_steps(actor, 1, 1, steps);
}

/* Splitting it unmaps it; the next access maps the pages that it touches. */
static void test_split(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge_file },
		{ "touch one page", touch_one, .file = h, .shmem = h },
		{ "split the folio", split_file, .file = -h, .shmem = -h },
		{ "write all", write_all, .file = h, .shmem = h },
		{ "punch a hole", punch_quarter,
		  .file = -h / 4, .shmem = -h / 4 },
		{ "write all", write_all, .file = h / 4, .shmem = h / 4 },
		{ "unmap", op_unmap, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	make_huge_file(actor);
	take_steps(actor, 1, 1, steps);
}

/* A hole splits the folio if possible; how much stays mapped is up to it. */
static void test_hole(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge_file },
		{ "touch one page", touch_one, .file = h, .shmem = h },
		{ "punch a hole", punch_quarter, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", op_unmap, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	make_huge_file(actor);
	take_steps(actor, 1, 1, steps);
}

/* The region is a part of the file: the quarter of each page matters. */
static void map_quarter(struct actor *a, int quarter)
{
	a->mem = mmap(NULL, a->pages / 4 * page_size(), PROT_READ, MAP_SHARED,
		      a->fd, quarter * a->pages / 4 * page_size());
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
	mem_read(a->mem, a->pages / 4);
	require(thp_is_large(a->mem), "no large folio");
}

static void map_first_quarter(struct actor *a)
{
	map_quarter(a, 0);
}

static void map_last_quarter(struct actor *a)
{
	map_quarter(a, 3);
}

static void unmap_quarter(struct actor *a)
{
	mem_unmap(a->mem, a->pages / 4);
}

/* One folio, one owner: mapping another part charges the first mapper. */
static void test_shared(void)
{
	const long h = thp_need(), q = h / 4;
	const struct step steps[] = {
		{ "the first maps a quarter", map_first_quarter, 0, 0,
		  .file = q, .shmem = q },
		{ "the second maps another", map_last_quarter, 1, 0,
		  .file = q, .shmem = q },
		{ "the first unmaps", unmap_quarter, 0, 0,
		  .file = -q, .shmem = -q },
		{ "and maps it again", map_first_quarter, 0, 0,
		  .file = q, .shmem = q },
		{ "and unmaps it again", unmap_quarter, 0, 0,
		  .file = -q, .shmem = -q },
		{ "the second unmaps", unmap_quarter, 1, 0,
		  .file = -q, .shmem = -q },
		{ "the second maps", map_last_quarter, 1, 1,
		  .file = q, .shmem = q },
		{ "the first maps", map_first_quarter, 0, 1,
		  .file = q, .shmem = q },
		{ "the second unmaps", unmap_quarter, 1, 1,
		  .file = -q, .shmem = -q },
		{ "the first unmaps", unmap_quarter, 0, 1,
		  .file = -q, .shmem = -q },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = h }, { .home = 1, .pages = h }
	};
	char *mem;

	make_huge_file(&actors[0]);
	actors[1].fd = actors[0].fd;
	/* So that it exists, as one folio. */
	mem = thp_file(actors[0].fd, h);
	mem_fill(mem, h, 1);
	if (!thp_is_large(mem))
		skip_case("no huge page to be had");
	mem_unmap(mem, h);
	take_steps(actors, 2, 2, steps);
}

/*
 * A huge page of a file does not fit beside unreclaimable pages: it must be
 * mapped page by page, or the task would fault on it forever.
 */
struct crowd {
	size_t huge;
	int fd;
};

static void share_with_anon(struct child *self, void *arg)
{
	struct crowd *crowd = arg;
	char *anon = mem_anon(crowd->huge), *mem = mem_huge(crowd->huge);

	mem_fill(anon, crowd->huge, 1);
	thp_allow();
	mem = mmap(mem, crowd->huge * page_size(), PROT_READ | PROT_WRITE,
		   MAP_FIXED | MAP_SHARED | (crowd->fd < 0 ? MAP_ANONYMOUS : 0),
		   crowd->fd, 0);
	require(mem != MAP_FAILED, "mmap: %s", strerror(errno));
	child_sync(self);
	mem_fill(mem, crowd->huge, 2);
	mem_verify(mem, crowd->huge, 2);
	child_sync(self);
	mem_verify(anon, crowd->huge, 1);
	child_sync(self);
}

static void take_crowd(struct crowd *crowd)
{
	char *c = limited_container("limited", 3 * crowd->huge / 2);
	struct child child;

	swap_none();
	child_start(&child, c, share_with_anon, crowd);
	child_step_limited(&child, c, crowd->huge);
	child_step(&child);
	child_finish(&child);
}

static void test_no_room(void)
{
	struct crowd crowd = { .huge = thp_need() };

	fs_mount("tmpfs", "huge=always");
	crowd.fd = fs_file("file", crowd.huge, 0);
	take_crowd(&crowd);
}

#define THP	"/sys/kernel/mm/transparent_hugepage/"

static void test_no_room_anon(void)
{
	struct crowd crowd = { .huge = thp_need(), .fd = -1 };

	tunable_set(THP "shmem_enabled", "always");
	tunable_try(THP "hugepages-2048kB/shmem_enabled", "inherit");
	take_crowd(&crowd);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_mapped),
		T(test_split),
		T(test_hole),
		T(test_shared),
		T(test_no_room),
		T(test_no_room_anon),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
