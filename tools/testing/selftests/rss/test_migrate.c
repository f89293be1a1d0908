// SPDX-License-Identifier: GPL-2.0
/*
 * Migration: pages move to other frames, and usage does not change.
 *
 * One process in one container. Each way to migrate is tried with several
 * kinds of pages; their nodes or frames tell whether they really moved. H base
 * pages make a huge page.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

#include "fs.h"
#include "mem.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "thp.h"
#include "tunable.h"

#define N	256
#define SEED	1

static struct nodes nodes;

/* A kind of pages; file pages are of a file that the case made. */
struct kind {
	void (*map)(struct actor *actor);
	void (*mount)(void);
	bool huge;
	bool shmem;
};

/* A way to migrate them, wherever they are at first. */
struct way {
	void (*go)(struct actor *actor);
	void (*come_back)(struct actor *actor);
};

static void map_anon(struct actor *a)
{
	a->mem = mem_anon(a->pages);
	mem_fill(a->mem, a->pages, SEED);
}

static void map_locked(struct actor *a)
{
	map_anon(a);
	require(!mlock(a->mem, a->pages * page_size()), "mlock: %s",
		strerror(errno));
}

static void need_large(struct actor *a)
{
	mem_fill(a->mem, a->pages, SEED);
	if (!thp_is_large(a->mem))
		skip_case("no huge page to be had");
}

static void map_huge(struct actor *a)
{
	a->mem = thp_anon(a->pages);
	need_large(a);
}

static void map_file(struct actor *a)
{
	a->mem = mem_file(a->fd, a->pages, MAP_SHARED);
	mem_fill(a->mem, a->pages, SEED);
}

static void map_huge_file(struct actor *a)
{
	a->mem = thp_file(a->fd, a->pages);
	need_large(a);
}

static void mount_tmpfs(void)
{
	fs_mount("tmpfs", NULL);
}

static void mount_huge_tmpfs(void)
{
	fs_mount("tmpfs", "huge=always");
}

static void mount_disk(void)
{
	fs_mount_disk(16 << 20);
}

static const struct kind anon = { map_anon };
static const struct kind locked = { map_locked };
static const struct kind huge = { map_huge, .huge = true };
static const struct kind shmem = { map_file, mount_tmpfs, .shmem = true };
static const struct kind file = { map_file, mount_disk };
static const struct kind huge_shmem = {
	map_huge_file, mount_huge_tmpfs, .huge = true, .shmem = true
};

static void verify(struct actor *a)
{
	mem_verify(a->mem, a->pages, SEED);
}

static void migrate(const struct kind *kind, const struct way *way)
{
	const long n = kind->huge ? 2 * thp_need() : N;
	const long anon = kind->mount ? 0 : n, file = kind->mount ? n : 0;
	const long shmem = kind->shmem ? n : 0;
	const struct step steps[] = {
		{ "map", kind->map, .anon = anon, .file = file, .shmem = shmem },
		{ "go", way->go },
		{ "come back", way->come_back },
		{ "verify", verify },
		{ "unmap", op_unmap,
		  .anon = -anon, .file = -file, .shmem = -shmem },
		{ }
	};
	struct actor actor[1] = { { .pages = n } };

	numa_nodes(&nodes);
	if (kind->mount) {
		kind->mount();
		actor->fd = fs_file("file", 0, 0);
		require(!ftruncate(actor->fd, n * page_size()), "ftruncate: %s",
			strerror(errno));
	}
	take_steps(actor, 1, 1, steps);
}

static void move_go(struct actor *a)
{
	numa_move(0, a->mem, a->pages, nodes.id[1]);
}

static void move_back(struct actor *a)
{
	numa_move(0, a->mem, a->pages, nodes.id[0]);
}

static const struct way by_move_pages = { move_go, move_back };

static void test_move_anon(void)
{
	migrate(&anon, &by_move_pages);
}

static void test_move_locked(void)
{
	migrate(&locked, &by_move_pages);
}

static void test_move_huge(void)
{
	migrate(&huge, &by_move_pages);
}

static void test_move_shmem(void)
{
	migrate(&shmem, &by_move_pages);
}

static void test_move_huge_shmem(void)
{
	migrate(&huge_shmem, &by_move_pages);
}

static void test_move_file(void)
{
	migrate(&file, &by_move_pages);
}

/* mbind(2) continues where move_pages(2) reports a page and gives up. */
static void bind_to(struct actor *a, int node)
{
	unsigned long mask = 1UL << node;

	require(!syscall(SYS_mbind, a->mem, a->pages * page_size(), MPOL_BIND,
			 &mask, sizeof(mask) * 8, MPOL_MF_MOVE | MPOL_MF_STRICT),
		"mbind: %s", strerror(errno));
	require(numa_count(0, a->mem, a->pages, node) == a->pages,
		"of %zu pages %zu come to node %d", a->pages,
		numa_count(0, a->mem, a->pages, node), node);
}

static void bind_go(struct actor *a)
{
	bind_to(a, nodes.id[1]);
}

static void bind_back(struct actor *a)
{
	bind_to(a, nodes.id[0]);
}

static const struct way by_mbind = { bind_go, bind_back };

static void test_mbind_anon(void)
{
	migrate(&anon, &by_mbind);
}

static void test_mbind_huge(void)
{
	migrate(&huge, &by_mbind);
}

static void test_mbind_shmem(void)
{
	migrate(&shmem, &by_mbind);
}

/*
 * NUMA balancing: memory follows the CPU that uses it. It leaves pages alone
 * if moving them does not seem to pay, so most of the pages are enough.
 */
static void balance_to(struct actor *a, int node)
{
	time_t end = time(NULL) + WAIT_SECONDS;
	size_t there;

	tunable_set("/proc/sys/kernel/numa_balancing", "1");
	numa_run_on(node);
	do {
		mem_fill(a->mem, a->pages, SEED);
		there = numa_count(0, a->mem, a->pages, node);
	} while (there <= a->pages / 2 && time(NULL) < end);
	require(there > a->pages / 2, "%zu of %zu pages come to node %d",
		there, a->pages, node);
	tunable_set("/proc/sys/kernel/numa_balancing", "0");
}

static void balance(struct actor *a)
{
	balance_to(a, nodes.id[1]);
}

static const struct way by_balancing = { move_back, balance };

static void test_balance_anon(void)
{
	migrate(&anon, &by_balancing);
}

static void test_balance_huge(void)
{
	migrate(&huge, &by_balancing);
}

static void test_balance_shmem(void)
{
	migrate(&shmem, &by_balancing);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_move_anon),
		T(test_move_locked),
		T(test_move_huge),
		T(test_move_shmem),
		T(test_move_huge_shmem),
		T(test_move_file),
		T(test_mbind_anon),
		T(test_mbind_huge),
		T(test_mbind_shmem),
		T(test_balance_anon),
		T(test_balance_huge),
		T(test_balance_shmem),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
