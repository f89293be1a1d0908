// SPDX-License-Identifier: GPL-2.0
/*
 * Huge pages: of a large folio exactly the mapped pages are charged, whoever
 * maps them.  H base pages make a huge page, as the kernel tells (512 on
 * x86); the first touch maps them all.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "steps.h"

static char *at_quarter(struct actor *a, int quarter)
{
	return a->mem + quarter * a->pages / 4 * page_size();
}

static void map_huge(struct actor *a)
{
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
	a->mem = mem_huge(a->pages);
	mem_advise(a->mem, a->pages, MADV_HUGEPAGE);
}

static void touch_one(struct actor *a)
{
	mem_fill(a->mem, 1, 0);
	if (!mem_is_mapped(at_quarter(a, 1)))
		skip_case("no huge page to be had");
}

static void write_all(struct actor *a)
{
	mem_fill(a->mem, a->pages, 0);
}

static void write_again(struct actor *a)
{
	mem_fill(at_quarter(a, 1), a->pages / 4, 0);
}

static void unmap_all(struct actor *a)
{
	mem_unmap(a->mem, a->pages);
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

static void map_huge_file(struct actor *a)
{
	a->mem = mem_huge(a->pages);
	a->mem = mmap(a->mem, a->pages * page_size(), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_FIXED, a->fd, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
}

static size_t need_huge_pages(void)
{
	size_t huge = huge_pages();

	if (!huge)
		skip_case("no transparent huge pages");
	return huge;
}

static void test_unmap(void)
{
	const long h = need_huge_pages();
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
	const long h = need_huge_pages();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "protect a half", protect_half },
		{ "unprotect it", unprotect_half },
		{ "drop one page", drop_one, .anon = -1 },
		{ "write all", write_all, .anon = 1 },
		{ "unmap", unmap_all, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

static void test_move(void)
{
	const long h = need_huge_pages();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "move the mapping", move_page_tables },
		{ "unmap", unmap_all, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/*
 * The forked child copies one page and is gone after the step: of the region
 * nothing changes.  The parent may copy pages of its stack meanwhile.
 */
static void test_fork(void)
{
	const long h = need_huge_pages();
	const struct step steps[] = {
		{ "map", map_huge },
		{ "touch one page", touch_one, .anon = h },
		{ "fork", fork_and_write_one, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", unmap_all, .anon = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	take_steps(actor, 1, 1, steps);
}

/*
 * Unmapping a part of a huge page of a file unmaps all of it; how much the
 * next fault maps again is the kernel's choice.
 */
static void test_tmpfs(void)
{
	const long h = need_huge_pages();
	const struct step steps[] = {
		{ "map", map_huge_file },
		{ "touch one page", touch_one, .file = h, .shmem = h },
		{ "drop a quarter", drop_second_quarter, .oracle_only = true },
		{ "write all", write_all, .oracle_only = true },
		{ "unmap", unmap_all, .file = -h, .shmem = -h },
		{ }
	};
	struct actor actor[1] = { { .pages = h } };

	fs_mount("tmpfs", "huge=always");
	actor->fd = fs_file("file", 0, 0);
	require(!ftruncate(actor->fd, h * page_size()), "ftruncate");
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_unmap),
		T(test_split_mapping),
		T(test_move),
		T(test_fork),
		T(test_tmpfs),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
