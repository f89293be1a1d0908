// SPDX-License-Identifier: GPL-2.0
/*
 * Collapse: small pages become a huge page, on request or by khugepaged. Pages
 * that were not mapped before become mapped, and are charged.
 *
 * H base pages make a huge page; each region is one. A child starts without
 * huge pages, so it first writes to small ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "container.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "thp.h"
#include "tunable.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define THP	"/sys/kernel/mm/transparent_hugepage/"

static void map(struct actor *a)
{
	a->mem = mem_huge(a->pages);
}

static void map_and_write(struct actor *a)
{
	map(a);
	mem_fill(a->mem, a->pages, 1);
}

static void write_quarter(struct actor *a)
{
	mem_fill(a->mem, a->pages / 4, 1);
}

static void drop_quarter(struct actor *a)
{
	mem_advise(a->mem, a->pages / 4, MADV_DONTNEED);
}

static void collapse(struct actor *a)
{
	int err;

	thp_allow();
	/* A page may be held, or memory for the huge one scarce. */
	require(wait_for(!(err = madvise(a->mem, a->pages * page_size(),
					 MADV_COLLAPSE) ? errno : 0) ||
			 (err != EAGAIN && err != EBUSY && err != ENOMEM)),
		"not collapsed in time: %s", strerror(err));
	if (err == EINVAL && !thp_is_large(a->mem))
		skip_case("no MADV_COLLAPSE of this");
	require(!err && thp_is_large(a->mem), "not collapsed: %s",
		strerror(err));
}

static void begin_khugepaged(struct actor *a)
{
	thp_allow();
	tunable_set(THP "enabled", "madvise");
	tunable_set(THP "khugepaged/defrag", "1");
	tunable_set(THP "khugepaged/max_ptes_none", "511");
	tunable_set(THP "khugepaged/pages_to_scan", "65536");
	tunable_set(THP "khugepaged/alloc_sleep_millisecs", "10");
	tunable_set(THP "khugepaged/scan_sleep_millisecs", "10");
	/* khugepaged notices the process only once it is enabled. */
	mem_advise(a->mem, a->pages, MADV_HUGEPAGE);
}

/* So that it does not run again while the next step is checked. */
static void end_khugepaged(struct actor *a)
{
	mem_advise(a->mem, a->pages, MADV_NOHUGEPAGE);
}

static void wait_for_khugepaged(struct actor *a)
{
	begin_khugepaged(a);
	require(wait_for(thp_is_large(a->mem)), "khugepaged does not come");
	end_khugepaged(a);
}

/* The small pages are unmapped; the next access finds the huge one. */
static void wait_for_huge_file(struct actor *a)
{
	begin_khugepaged(a);
	require(wait_for((mem_read(a->mem, 1), thp_is_large(a->mem))),
		"khugepaged does not come");
	end_khugepaged(a);
}

static void test_advised(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "write all", map_and_write, .anon = h },
		{ "collapse", collapse },
		{ "drop a quarter", drop_quarter, .anon = -h / 4 },
		{ "collapse again", collapse, .anon = h / 4 },
		{ "unmap", op_unmap, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_khugepaged(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map },
		{ "write a quarter", write_quarter, .anon = h / 4 },
		{ "wait for khugepaged", wait_for_khugepaged,
		  .anon = h - h / 4 },
		{ "drop a quarter", drop_quarter, .anon = -h / 4 },
		{ "unmap", op_unmap, .anon = h / 4 - h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/*
 * A forked process in the second container collapses the pages that it shares:
 * it gets copies, and the originals stay its parent's.
 */
static void forked(struct child *self, void *arg)
{
	struct actor *a = arg;

	container_move(a->containers[1], 0);
	mem_settle();
	child_sync(self);
	/* Only writable memory is collapsed. */
	require(!mprotect(a->mem, a->pages * page_size(),
			  PROT_READ | PROT_WRITE), "mprotect: %s",
		strerror(errno));
	mem_fill(a->mem, 1, 1);
	child_sync(self);
	collapse(a);
	mem_verify(a->mem, a->pages, 1);
	child_sync(self);
	op_unmap(a);
	child_sync(self);
}

static void protect_and_fork(struct actor *a)
{
	fork_protected(a, forked);
}

static void test_fork(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "write all", map_and_write, .anon = h },
		{ "fork", protect_and_fork, .at = 1, .oracle_only = true },
		{ "the child copies one", op_step_forked, .at = 1, .anon = 1 },
		{ "and collapses all", op_step_forked, .at = 1, .anon = h - 1 },
		{ "the parent unmaps", op_unmap, .anon = -h },
		{ "the child unmaps", op_step_forked, .at = 1, .anon = -h },
		{ "the child exits", op_finish_forked, .at = 1,
		  .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 2, steps);
}

static void map_file(struct actor *a)
{
	a->mem = thp_file(a->fd, a->pages);
}

static void make_file(struct actor *a, const char *options, size_t pages)
{
	fs_mount("tmpfs", options);
	a->fd = fs_file("file", pages, 1);
	require(!ftruncate(a->fd, a->pages * page_size()), "ftruncate: %s",
		strerror(errno));
}

static void test_shmem(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_file },
		{ "write a quarter", write_quarter,
		  .file = h / 4, .shmem = h / 4 },
		{ "collapse", collapse,
		  .file = h - h / 4, .shmem = h - h / 4 },
		{ "unmap", op_unmap, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	make_file(actor, NULL, 0);
	take_steps(actor, 1, 1, steps);
}

static void test_shmem_khugepaged(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_file },
		{ "read all", op_read, .file = h, .shmem = h },
		{ "wait for khugepaged", wait_for_huge_file,
		  .oracle_only = true },
		{ "read the others", op_read, .oracle_only = true },
		{ "unmap", op_unmap, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	make_file(actor, "huge=advise", h);
	take_steps(actor, 1, 1, steps);
}

/* Only clean pages that are never writable are collapsed. */
static void map_program(struct actor *a)
{
	a->mem = mem_huge(a->pages);
	a->mem = mmap(a->mem, a->pages * page_size(), PROT_READ | PROT_EXEC,
		      MAP_PRIVATE | MAP_FIXED, a->fd, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
}

static void reopen_read_only(struct actor *a)
{
	char path[32];
	int fd;

	require(!fsync(a->fd), "fsync: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", a->fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	require(fd >= 0, "%s: %s", path, strerror(errno));
	close(a->fd);
	a->fd = fd;
}

static void test_file(void)
{
	const long h = thp_need();
	const struct step steps[] = {
		{ "map", map_program },
		{ "read all", op_read, .file = h },
		{ "collapse", collapse },
		{ "unmap", op_unmap, .file = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	fs_mount_disk(16 << 20);
	actor->fd = fs_file("file", h, 1);
	reopen_read_only(actor);
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_advised),
		T(test_khugepaged),
		T(test_fork),
		T(test_shmem),
		T(test_shmem_khugepaged),
		T(test_file),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
