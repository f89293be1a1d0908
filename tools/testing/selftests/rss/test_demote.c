// SPDX-License-Identifier: GPL-2.0
/*
 * Demotion: reclaim by the memory controller migrates pages to a node of
 * slower memory instead of swap, of which there is none here. Their charge
 * does not change. Reclaim of a container never demotes: that would not shrink
 * it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "limit.h"
#include "mem.h"
#include "memcg.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"
#include "thp.h"
#include "tunable.h"

#define N	512
#define ROUNDS	8

/* The node that pages are demoted to. */
static int slow;

static void allow_demotion(void)
{
	slow = numa_slow_node();
	tunable_set("/sys/kernel/mm/numa/demotion_enabled", "1");
}

static char *memcg;

/* It is charged for what is mapped from here on. */
static void join_memcg(struct actor *a)
{
	memcg = memcg_of(a->containers[a->home]);
	memcg_move(memcg, 0);
}

static void map_huge(struct actor *a)
{
	a->mem = thp_anon(a->pages);
	op_write(a);
	if (!thp_is_large(a->mem))
		skip_case("no huge page to be had");
}

/* Pages touched last are spared at first. */
static void demote(struct actor *a)
{
	size_t there = 0;
	int round, err;

	for (round = 0; round < ROUNDS && there < a->pages; round++) {
		err = memcg_reclaim(memcg, a->pages);
		require(!err || err == -EAGAIN, "memory.reclaim: %s",
			strerror(-err));
		there = numa_count(0, a->mem, a->pages, slow);
	}
	require(there >= a->pages / 2, "only %zu of %zu pages were demoted",
		there, a->pages);
}

/* With file pages if the actor has a file. */
static void demote_mapped(struct actor *actor, void (*map)(struct actor *a))
{
	const long anon = actor->fd ? 0 : actor->pages;
	const long shmem = actor->fd ? actor->pages : 0;
	const struct step steps[] = {
		{ "join the memory cgroup", join_memcg, .oracle_only = true },
		{ "map", map, .anon = anon, .file = shmem, .shmem = shmem },
		{ "demote", demote },
		{ "verify", op_verify },
		{ "unmap", op_unmap,
		  .anon = -anon, .file = -shmem, .shmem = -shmem },
		{ }
	};

	swap_none();
	memcg_need();
	allow_demotion();
	take_steps(actor, 1, 1, steps);
}

static void map_anon(struct actor *a)
{
	op_map_anon(a);
	op_write(a);
}

static void map_file(struct actor *a)
{
	op_map_file(a);
	op_write(a);
}

static void test_anon(void)
{
	struct actor actor[1] = { { .pages = N } };

	demote_mapped(actor, map_anon);
}

static void test_huge(void)
{
	struct actor actor[1] = { { .pages = 2 * thp_need() } };

	demote_mapped(actor, map_huge);
}

static void test_shmem(void)
{
	struct actor actor[1] = { { .pages = N } };

	fs_mount("tmpfs", NULL);
	actor->fd = fs_file("file", 0, 0);
	require(!ftruncate(actor->fd, N * page_size()), "ftruncate: %s",
		strerror(errno));
	demote_mapped(actor, map_file);
}

#define LIMIT	1024

static void fill_and_look(struct child *self, void *arg)
{
	char *mem = mem_anon(2 * LIMIT);
	size_t demoted;

	(void)arg;
	child_sync(self);
	mem_fill(mem, 2 * LIMIT, 0);
	demoted = numa_count(0, mem, 2 * LIMIT, slow);
	require(!demoted, "%zu pages were demoted", demoted);
	mem_verify(mem, 2 * LIMIT, 0);
	child_sync(self);
}

static void test_limit(void)
{
	struct child child;
	char *c;

	swap_on(4 * LIMIT);
	allow_demotion();
	c = limited_container("limited", LIMIT);
	child_start(&child, c, fill_and_look, NULL);
	child_step_limited(&child, c, fault_around_pages());
	child_finish(&child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_anon),
		T(test_huge),
		T(test_shmem),
		T(test_limit),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
