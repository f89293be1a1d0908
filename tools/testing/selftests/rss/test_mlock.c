// SPDX-License-Identifier: GPL-2.0
/*
 * Locked memory: what locking maps, that it only keeps pages from being
 * reclaimed, and on which list of the container they are. test_count covers
 * that mlock() maps all of a region.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "container.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"

#ifndef MADV_DONTNEED_LOCKED
#define MADV_DONTNEED_LOCKED	24
#endif

#define N	64
#define HALF	(N / 2)

static void lock(struct actor *a)
{
	require(!mlock(a->mem, N * page_size()), "mlock: %s", strerror(errno));
}

static void unlock(struct actor *a)
{
	require(!munlock(a->mem, N * page_size()), "munlock: %s",
		strerror(errno));
}

static void lock_on_fault(struct actor *a)
{
	require(!mlock2(a->mem, N * page_size(), MLOCK_ONFAULT), "mlock2: %s",
		strerror(errno));
}

static void test_on_fault(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "lock what will be mapped", lock_on_fault },
		{ "write one half", op_write_first_half, .anon = HALF },
		{ "write all", op_write, .anon = HALF },
		{ "unmap one half", op_unmap_first_half, .anon = -HALF },
		{ "unmap the other", op_unmap_last_half, .anon = -HALF },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void lock_future(struct actor *a)
{
	(void)a;
	require(!mlockall(MCL_FUTURE), "mlockall: %s", strerror(errno));
}

static void test_future(void)
{
	static const struct step steps[] = {
		{ "lock all that will be mapped", lock_future },
		{ "map", op_map_anon, .anon = N },
		{ "write", op_write },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void drop_locked(struct actor *a)
{
	require(madvise(a->mem, N * page_size(), MADV_DONTNEED) &&
		errno == EINVAL, "locked memory was dropped");
	mem_advise(a->mem, N, MADV_DONTNEED_LOCKED);
}

static void test_file(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file },
		{ "lock, which maps all", lock, .file = N },
		{ "drop", drop_locked, .file = -N },
		{ "read", op_read, .file = N },
		{ "unlock", unlock },
		{ "unmap", op_unmap, .file = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

/* A locked private mapping gets its own copies of file pages. */
static void test_file_private(void)
{
	static const struct step steps[] = {
		{ "map", op_map_file_private },
		{ "read", op_read, .file = N },
		{ "lock, which copies all", lock, .anon = N, .file = -N },
		{ "unlock", unlock },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	take_steps(actor, 1, 1, steps);
}

/*
 * The list sizes are as of the last scan. A limit of 0 makes the kernel scan
 * all lists; without swap that takes none of the pages.
 */
static void scan(const char *container)
{
	int err = cg_write(container, "rss_limit", "0");

	require(err == -EBUSY, "a limit of 0 returned %d, not EBUSY", err);
}

static void expect_lists(const char *container, const char *when,
			 long unevictable)
{
	long evictable, usage = container_usage(container);

	scan(container);
	evictable = container_stat(container, "inactive_anon") +
		    container_stat(container, "active_anon") +
		    container_stat(container, "inactive_file") +
		    container_stat(container, "active_file");
	require(container_usage(container) == usage, "%s: usage fell to %ld",
		when, container_usage(container));
	require(container_stat(container, "unevictable") == unevictable,
		"%s: unevictable %ld instead of %ld", when,
		container_stat(container, "unevictable"), unevictable);
	require(evictable == usage - unevictable,
		"%s: %ld on the other lists instead of %ld", when, evictable,
		usage - unevictable);
}

static void write_and_lock(struct child *self, void *arg)
{
	struct actor *a = arg;

	op_map_anon(a);
	op_write(a);
	child_sync(self);
	lock(a);
	child_sync(self);
	unlock(a);
	child_sync(self);
	op_unmap(a);
	child_sync(self);
}

static void test_lists(void)
{
	struct actor actor = { .pages = N };
	struct child child;
	char *c;

	container_need_v1();
	swap_none();
	c = container_new(NULL, "lists");
	child_start(&child, c, write_and_lock, &actor);
	expect_lists(c, "written", 0);
	child_step(&child);
	expect_lists(c, "locked", N);
	child_step(&child);
	expect_lists(c, "unlocked", 0);
	child_step(&child);
	expect_lists(c, "unmapped", 0);
	child_finish(&child);
	require(!container_usage(c), "usage %ld with no process left",
		container_usage(c));
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_on_fault),
		T(test_future),
		T(test_file),
		T(test_file_private),
		T(test_lists),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
