// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages: exactly the mapped pages of a large folio are charged, whichever
 * tasks map them. H base pages make a huge page, as reported by the kernel
 * (512 on x86); the first touch maps all of them. Regions are one huge page,
 * or a part of it.
 *
 * First anonymous ones, then those of files on tmpfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "child.h"
#include "container.h"
#include "frame.h"
#include "fs.h"
#include "limit.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "suites.h"
#include "swap.h"
#include "thp.h"
#include "tunable.h"

#define THP	"/sys/kernel/mm/transparent_hugepage/"

static char *at_quarter(struct actor *a, int quarter)
{
	return a->mem + quarter * a->pages / 4 * page_size();
}

static void map_huge(struct actor *a)
{
	a->mem = thp_anon(a->pages);
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

static void write_again(struct actor *a)
{
	mem_fill(at_quarter(a, 1), a->pages / 4, 1);
}

static void unmap_last_quarter(struct actor *a)
{
	mem_unmap(at_quarter(a, 3), a->pages / 4);
}

static void unmap_three_quarters(struct actor *a)
{
	mem_unmap(a->mem, a->pages * 3 / 4);
}

static void drop_second_quarter(struct actor *a)
{
	mem_advise(at_quarter(a, 1), a->pages / 4, MADV_DONTNEED);
}

static void drop_one(struct actor *a)
{
	mem_advise(a->mem, 1, MADV_DONTNEED);
}

/* Splits the mapping, not the huge page. */
static void protect_half(struct actor *a)
{
	require(!mprotect(a->mem, a->pages / 2 * page_size(), PROT_READ),
		"mprotect: %s", strerror(errno));
}

static void unprotect_half(struct actor *a)
{
	require(!mprotect(a->mem, a->pages / 2 * page_size(),
			  PROT_READ | PROT_WRITE),
		"mprotect: %s", strerror(errno));
}

static void move_page_tables(struct actor *a)
{
	char *to = mem_huge(a->pages);

	a->mem = mremap(a->mem, a->pages * page_size(), a->pages * page_size(),
			MREMAP_MAYMOVE | MREMAP_FIXED, to);
	require(a->mem == to, "mremap: %s", strerror(errno));
}

static void fork_and_write_one(struct actor *a)
{
	int status;
	pid_t pid;

	pid = fork();
	if (!pid) {
		mem_fill(a->mem, 1, 0);
		_exit(0);
	}
	require(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
		"the forked child failed");
}

static void expect_large(struct actor *a, bool large)
{
	require(thp_is_large(at_quarter(a, 3)) == large,
		"the last quarter is %s a large folio",
		large ? "not of" : "still of");
}

static void split_folio(struct actor *a)
{
	expect_large(a, true);
	thp_split(getpid(), a->mem, a->pages);
	expect_large(a, false);
}

/* Partly unmapped folios wait for their shrinker, which this calls. */
static void split_deferred(struct actor *a)
{
	expect_large(a, true);
	tunable_order("/proc/sys/vm/drop_caches", "2");
	expect_large(a, false);
}

static void test_unmap(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "unmap a quarter", unmap_last_quarter, .anon = -h / 4 },
		{ "drop a quarter", drop_second_quarter, .anon = -h / 4 },
		{ "write there again", write_again, .anon = h / 4 },
		{ "unmap the rest", unmap_three_quarters, .anon = -h * 3 / 4 },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_split_mapping(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "protect a half", protect_half },
		{ "unprotect it", unprotect_half },
		{ "drop one page", drop_one, .anon = -1 },
		{ "write all", write_all, .anon = 1 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_split_folio(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "split the folio", split_folio },
		{ "drop one page", drop_one, .anon = -1 },
		{ "write all", write_all, .anon = 1 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* Of a folio that is mapped in part, only that part remains. */
static void split_part(void (*split)(struct actor *a))
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "write all", write_all },
		{ "drop a quarter", drop_second_quarter, .anon = -h / 4 },
		{ "split the folio", split },
		{ "write there again", write_again, .anon = h / 4 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_split_part(void)
{
	split_part(split_folio);
}

static void test_split_deferred(void)
{
	split_part(split_deferred);
}

/* The others were never written: the zero page replaces them. */
static void test_split_zeroes(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "split the folio", split_folio, .anon = 1 - h },
		{ "write all", write_all, .anon = h - 1 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* A read maps the huge zero page, which counts as little as the small one. */
static void test_zero_page(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "read one page", op_read_first },
		{ "write all", write_all, .anon = h },
		{ "drop all", op_drop, .anon = -h },
		{ "read one page", op_read_first },
		{ "unmap", op_unmap },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_move(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "move the mapping", move_page_tables },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/*
 * The forked child copies one page and has exited after the step: nothing of
 * the region changes. The parent may copy pages of its stack meanwhile.
 */
static void test_fork(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "fork", fork_and_write_one, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/* A forked process in the second container drops the pages it shares. */
static void forked(struct child *self, void *arg)
{
	struct actor *a = arg;

	container_move(a->containers[1], 0);
	mem_settle();
	child_sync(self);
	drop_second_quarter(a);
	child_sync(self);
	mem_unmap(a->mem, a->pages);
	child_sync(self);
}

static void protect_and_fork(struct actor *a)
{
	fork_protected(a, forked);
}

static void test_fork_across(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "fork", protect_and_fork, .at = 1, .oracle_only = true },
		{ "drop a quarter", drop_second_quarter },
		{ "the child drops it, too", op_step_forked, .anon = -h / 4 },
		{ "unmap the rest", op_unmap },
		{ "the child unmaps it, too", op_step_forked, .anon = -h * 3 / 4 },
		{ "the child exits", op_finish_forked, .at = 1,
		  .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 2, steps);
}

/*
 * A third of many huge pages is written to: that fits under the limit, what
 * the faults map does not.
 */
#define SPARSE_HUGE	12
#define SPARSE_STEP	3
#define SPARSE_LIMIT	7

static size_t sparse_pages(void)
{
	return SPARSE_HUGE * thp_need();
}

static void write_sparsely(struct child *self, void *arg)
{
	char *mem;
	size_t i;

	(void)arg;
	thp_allow();
	mem = mem_huge(sparse_pages());
	child_sync(self);
	for (i = 0; i < sparse_pages(); i += SPARSE_STEP)
		mem_fill(mem + i * page_size(), 1, i);
	for (i = 0; i < sparse_pages(); i += SPARSE_STEP)
		mem_verify(mem + i * page_size(), 1, i);
	child_sync(self);
}

static void test_sparse(void)
{
	long limit = SPARSE_LIMIT * thp_need();
	struct child child;
	char *c;

	swap_none();
	tunable_set(THP "enabled", "always");
	c = limited_container("limited", limit);
	child_start(&child, c, write_sparsely, NULL);
	child_step_limited(&child, c, thp_need());
	child_finish(&child);
}

/* Huge pages without zero-filled pages do not prevent a kill. */
static void write_densely(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem;

	thp_allow();
	mem = mem_huge(pages);
	child_sync(self);
	mem_fill(mem, pages, 0);
	child_sync(self);
}

static void test_dense(void)
{
	size_t pages = 4 * thp_need();
	struct child child;
	char *c;

	swap_none();
	tunable_set(THP "enabled", "always");
	c = limited_container("limited", pages / 2);
	child_start(&child, c, write_densely, &pages);
	child_go(&child);
	child_expect_killed(&child);
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

/* The kernel decides how much stays mapped, and what the next fault maps. */
static void lose_quarter(const char *how, void (*lose)(struct actor *a))
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_huge_file },
		{ "touch one page", touch_one, .file = h, .shmem = h },
		{ how, lose, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", op_unmap, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	make_huge_file(actor);
	take_steps(actor, 1, 1, steps);
}

/* Unmapping a part of a file's huge page unmaps all of it. */
static void test_file_mapped(void)
{
	lose_quarter("drop a quarter", drop_second_quarter);
}

/* A hole splits the folio if possible. */
static void test_file_hole(void)
{
	lose_quarter("punch a hole", punch_quarter);
}

/* Splitting it unmaps it; the next access maps the pages that it touches. */
static void test_file_split(void)
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
static void test_file_shared(void)
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

static void test_file_no_room(void)
{
	struct crowd crowd = { .huge = thp_need() };

	fs_mount("tmpfs", "huge=always");
	crowd.fd = fs_file("file", crowd.huge, 0);
	take_crowd(&crowd);
}

static void test_shared_anon_no_room(void)
{
	struct crowd crowd = { .huge = thp_need(), .fd = -1 };

	tunable_set(THP "shmem_enabled", "always");
	tunable_try(THP "hugepages-2048kB/shmem_enabled", "inherit");
	take_crowd(&crowd);
}

static const struct rss_case cases[] = {
	T(test_unmap),
	T(test_split_mapping),
	T(test_split_folio),
	T(test_split_part),
	T(test_split_deferred),
	T(test_split_zeroes),
	T(test_zero_page),
	T(test_move),
	T(test_fork),
	T(test_fork_across),
	T(test_sparse),
	T(test_dense),
	T(test_file_mapped),
	T(test_file_split),
	T(test_file_hole),
	T(test_file_shared),
	T(test_file_no_room),
	T(test_shared_anon_no_room),
};

static const struct rss_suite thp = { .cases = cases, .nr = ARRAY_SIZE(cases) };

int main(void)
{
	static const struct rss_suite * const suites[] = { &thp, &thp_sizes };

	return run_suites(suites, ARRAY_SIZE(suites));
}
