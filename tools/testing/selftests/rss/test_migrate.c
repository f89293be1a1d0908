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
#include "migrate.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "suites.h"
#include "thp.h"
#include "tunable.h"

#define N	256

static struct nodes nodes;

/* A kind of pages: the variants. */
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

static void map_locked(struct actor *a)
{
	migrate_map_anon(a);
	require(!mlock(a->mem, a->pages * page_size()), "mlock: %s",
		strerror(errno));
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

static const struct kind anon = { migrate_map_anon };
static const struct kind locked = { map_locked };
static const struct kind huge = { migrate_map_huge, .huge = true };
static const struct kind file = { migrate_map_file, mount_disk };

static const struct kind shmem = {
	migrate_map_file, mount_tmpfs, .shmem = true
};

static const struct kind huge_shmem = {
	migrate_map_huge_file, mount_huge_tmpfs, .huge = true, .shmem = true
};

static void migrate(const struct kind *kind, const struct way *way)
{
	const long n = kind->huge ? 2 * thp_need() : N;
	const long anon = kind->mount ? 0 : n, file = kind->mount ? n : 0;
	const long shmem = kind->shmem ? n : 0;
	const struct step steps[] = {
		{ "map", kind->map, .anon = anon, .file = file, .shmem = shmem },
		{ "go", way->go },
		{ "come back", way->come_back },
		{ "verify", migrate_verify },
		{ "unmap", op_unmap,
		  .anon = -anon, .file = -file, .shmem = -shmem },
		{ }
	};
	struct actor actor[1] = { { .pages = n } };

	numa_nodes(&nodes);
	if (kind->mount) {
		kind->mount();
		migrate_make_file(actor);
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

static void test_move(const void *kind)
{
	migrate(kind, &by_move_pages);
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

static void test_mbind(const void *kind)
{
	migrate(kind, &by_mbind);
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
		mem_fill(a->mem, a->pages, MIGRATE_SEED);
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

static void test_balance(const void *kind)
{
	migrate(kind, &by_balancing);
}

static const struct rss_case cases[] = {
	V(test_move, anon),
	V(test_move, locked),
	V(test_move, huge),
	V(test_move, shmem),
	V(test_move, huge_shmem),
	V(test_move, file),
	V(test_mbind, anon),
	V(test_mbind, huge),
	V(test_mbind, shmem),
	V(test_balance, anon),
	V(test_balance, huge),
	V(test_balance, shmem),
};

static const struct rss_suite ways = {
	.cases = cases, .nr = ARRAY_SIZE(cases)
};

int main(void)
{
	static const struct rss_suite * const suites[] = {
		&migrate_away, &ways, &migrate_live, &migrate_owner,
	};

	return run_suites(suites, ARRAY_SIZE(suites));
}
