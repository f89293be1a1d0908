// SPDX-License-Identifier: GPL-2.0
/*
 * Migration of arbitrary pages: of a whole process, by compaction, from memory
 * that goes offline or that a driver takes (CMA).
 *
 * One process in one container; frames tell where its pages were.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "block.h"
#include "container.h"
#include "frame.h"
#include "fs.h"
#include "keys.h"
#include "mem.h"
#include "migrate.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "suites.h"
#include "thp.h"
#include "tunable.h"

#define CMA		"/sys/kernel/debug/cma/"
#define MOST_PAGES	16384

static struct nodes nodes;

/* Of the actor. */
static unsigned long frames[MOST_PAGES];

static void note_frames(struct actor *a)
{
	frames_note(frames, a->mem, a->pages);
}

static size_t moved_pages(struct actor *a)
{
	static unsigned long now[MOST_PAGES];
	size_t moved = 0, i;

	frames_note(now, a->mem, a->pages);
	for (i = 0; i < a->pages; i++)
		moved += now[i] != frames[i];
	return moved;
}

static void expect_moved(struct actor *a, size_t least)
{
	size_t moved = moved_pages(a);

	require(moved >= least, "only %zu of %zu pages have migrated", moved,
		a->pages);
}

/* With file pages if the actor has a file. */
static void take_away(struct actor *actor, void (*map)(struct actor *a),
		      void (*migrate)(struct actor *a))
{
	const long anon = actor->fd ? 0 : actor->pages;
	const long shmem = actor->fd ? actor->pages : 0;
	const struct step steps[] = {
		{ "map", map, .anon = anon, .file = shmem, .shmem = shmem },
		{ "migrate", migrate },
		{ "verify", migrate_verify },
		{ "unmap", op_unmap,
		  .anon = -anon, .file = -shmem, .shmem = -shmem },
		{ }
	};

	numa_nodes(&nodes);
	take_steps(actor, 1, 1, steps);
}

static void make_file(struct actor *actor)
{
	fs_mount("tmpfs", NULL);
	migrate_make_file(actor);
}

/* Also its stack, data and program, even if shared with the runner. */
static void migrate_process(struct actor *a)
{
	int i;

	for (i = 0; i < 2; i++) {
		numa_migrate(0, nodes.id[i], nodes.id[!i]);
		require(numa_count(0, a->mem, a->pages, nodes.id[!i]) ==
			a->pages, "not all on node %d", nodes.id[!i]);
	}
}

static void test_process_anon(void)
{
	struct actor actor[1] = { { .pages = 256 } };

	take_away(actor, migrate_map_anon, migrate_process);
}

static void test_process_huge(void)
{
	struct actor actor[1] = { { .pages = 2 * thp_need() } };

	take_away(actor, migrate_map_huge, migrate_process);
}

static void test_process_shmem(void)
{
	struct actor actor[1] = { { .pages = 256 } };

	make_file(actor);
	take_away(actor, migrate_map_file, migrate_process);
}

/*
 * Compaction moves pages from the start of a zone to its end. Of a region, one
 * page in SPREAD stays. If these are all at the end, they are taken from
 * elsewhere, with ballast covering the earlier place. Compaction may still not
 * get there, as it ends when it finds no room for another task's large folio.
 */
#define SPREAD		64
#define KEPT		(MOST_PAGES / SPREAD)
#define ROUNDS		8

static void drop_most(struct actor *a)
{
	size_t i;

	for (i = 0; i < KEPT; i++)
		mem_advise(a->mem + (i * SPREAD + 1) * page_size(), SPREAD - 1,
			   MADV_DONTNEED);
}

static void compact(struct actor *a)
{
	char *ballast = mem_anon(ROUNDS * MOST_PAGES);
	int round = 0;

	for (;;) {
		note_frames(a);
		tunable_order("/proc/sys/vm/compact_memory", "1");
		if (moved_pages(a))
			break;
		if (round == ROUNDS)
			skip_case("compaction migrates others' pages only");
		mem_fill(ballast + round * MOST_PAGES * page_size(), MOST_PAGES,
			 0);
		mem_advise(a->mem, MOST_PAGES, MADV_DONTNEED);
		mem_fill(a->mem, MOST_PAGES, MIGRATE_SEED);
		drop_most(a);
		round++;
	}
	mem_unmap(ballast, ROUNDS * MOST_PAGES);
}

static void verify_kept(struct actor *a)
{
	size_t i;

	for (i = 0; i < MOST_PAGES; i += SPREAD)
		mem_verify(a->mem + i * page_size(), 1, MIGRATE_SEED + i);
}

static void test_compaction(void)
{
	static const struct step steps[] = {
		{ "write all", migrate_map_anon, .anon = MOST_PAGES },
		{ "drop most", drop_most, .anon = KEPT - MOST_PAGES },
		{ "compact", compact },
		{ "verify", verify_kept },
		{ "unmap", op_unmap, .anon = -KEPT },
		{ }
	};
	struct actor actor[1] = { { .pages = MOST_PAGES } };

	take_steps(actor, 1, 1, steps);
}

/* The block that goes offline. */
static int block;

static bool is_in_block(unsigned long frame)
{
	return (int)(frame / block_pages()) == block;
}

static void offline(struct actor *a)
{
	size_t inside = 0, i;

	note_frames(a);
	for (i = 0; i < a->pages; i++)
		inside += is_in_block(frames[i]);
	require(inside >= a->pages / 2, "%zu of %zu pages are in the block",
		inside, a->pages);
	block_order(block, "offline");
	expect_moved(a, inside);
	block_order(block, "online_movable");
}

static void map_in_block(struct actor *a, void (*map)(struct actor *a))
{
	numa_prefer(block_node(block));
	map(a);
	numa_prefer(-1);
}

static void map_anon_in_block(struct actor *a)
{
	map_in_block(a, migrate_map_anon);
}

static void map_huge_in_block(struct actor *a)
{
	map_in_block(a, migrate_map_huge);
}

static void map_file_in_block(struct actor *a)
{
	map_in_block(a, migrate_map_file);
}

static void take_offline(struct actor *actor, void (*map)(struct actor *a))
{
	numa_nodes(&nodes);
	block = block_make_movable();
	take_away(actor, map, offline);
	block_make_ordinary(block);
}

static void test_offline_anon(void)
{
	struct actor actor[1] = { { .pages = 1024 } };

	take_offline(actor, map_anon_in_block);
}

static void test_offline_huge(void)
{
	struct actor actor[1] = { { .pages = 2 * thp_need() } };

	take_offline(actor, map_huge_in_block);
}

static void test_offline_shmem(void)
{
	struct actor actor[1] = { { .pages = 1024 } };

	make_file(actor);
	take_offline(actor, map_file_in_block);
}

/*
 * Pages of processes come from CMA if the rest of its node is full. A process
 * outside fills the node while CMA is taken, and stays until the region is
 * touched.
 */
static struct {
	char dir[64];
	unsigned long first;	/* frame */
	unsigned long pages;
	unsigned long taken;
	int node;
} cma;

static unsigned long cma_read(const char *file)
{
	char path[96], text[32];

	snprintf(path, sizeof(path), "%s/%s", cma.dir, file);
	require(read_text(path, text, sizeof(text)) > 0, "no %s", path);
	return strtoul(text, NULL, 0);
}

static int cma_write(const char *file, unsigned long pages)
{
	char path[96], text[32];
	int len = snprintf(text, sizeof(text), "%lu", pages);

	snprintf(path, sizeof(path), "%s/%s", cma.dir, file);
	return write_text(path, text, len);
}

/* As much as possible; drivers may use a part of it. */
static void take_cma(void)
{
	const unsigned long step = 256;

	while (cma_write("alloc", step) > 0)
		cma.taken += step;
	require(cma.taken, "nothing is to be had from CMA");
}

static void give_cma(void)
{
	require(cma_write("free", cma.taken) > 0, "CMA takes nothing back");
	cma.taken = 0;
}

static void find_cma(void)
{
	glob_t paths;

	numa_nodes(&nodes);
	if (glob(CMA "*", 0, NULL, &paths))
		skip_case("no CMA");
	snprintf(cma.dir, sizeof(cma.dir), "%s", paths.gl_pathv[0]);
	globfree(&paths);
	cma.first = cma_read("base_pfn");
	cma.pages = cma_read("count");
	cma.node = block_node(cma.first / block_pages());
}

static size_t free_pages(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/vmstat",
		 cma.node);
	return read_key(path, "nr_free_pages");
}

/* Mostly by huge pages, which is fast, the rest to the last page. */
#define REST	16384

static void fill_node(struct child *self, void *arg)
{
	size_t pages = free_pages(), i;
	char *mem;

	(void)arg;
	container_move(container_root(), 0);
	numa_prefer(cma.node);
	if (pages > REST)
		mem_fill(thp_anon(pages - REST), pages - REST, 0);
	mem = mem_anon(REST);
	mem_advise(mem, REST, MADV_NOHUGEPAGE);
	/* Beyond that, pages would come from another node. */
	for (i = 0; i < REST && free_pages() > 1536; i += 32)
		mem_fill(mem + i * page_size(), 32, 0);
	give_cma();
	child_sync(self);
}

static void map_in_cma(struct actor *a, void (*map)(struct actor *a))
{
	child_fork(&a->forked, fill_node, NULL);
	numa_prefer(cma.node);
	map(a);
	numa_prefer(-1);
	child_finish(&a->forked);
}

static void map_anon_in_cma(struct actor *a)
{
	map_in_cma(a, migrate_map_anon);
}

static void map_huge_in_cma(struct actor *a)
{
	map_in_cma(a, migrate_map_huge);
}

static void map_file_in_cma(struct actor *a)
{
	map_in_cma(a, migrate_map_file);
}

static void lose_cma(struct actor *a)
{
	size_t inside = 0, i;

	note_frames(a);
	for (i = 0; i < a->pages; i++)
		inside += frames[i] - cma.first < cma.pages;
	require(inside >= a->pages / 2, "%zu of %zu pages are from CMA",
		inside, a->pages);
	take_cma();
	give_cma();
	expect_moved(a, inside);
}

static void take_from_cma(struct actor *actor, void (*map)(struct actor *a))
{
	find_cma();
	/* Otherwise other nodes are used before this one is full. */
	tunable_set("/proc/sys/vm/min_free_kbytes", "4096");
	/* Otherwise the CPUs keep freed pages. */
	tunable_set("/proc/sys/vm/percpu_pagelist_high_fraction", "1000000");
	take_cma();
	take_away(actor, map, lose_cma);
}

static void test_cma_anon(void)
{
	struct actor actor[1] = { { .pages = 4096 } };

	take_from_cma(actor, map_anon_in_cma);
}

static void test_cma_huge(void)
{
	struct actor actor[1] = { { .pages = 2 * thp_need() } };

	take_from_cma(actor, map_huge_in_cma);
}

static void test_cma_shmem(void)
{
	struct actor actor[1] = { { .pages = 4096 } };

	make_file(actor);
	take_from_cma(actor, map_file_in_cma);
}

static const struct rss_case cases[] = {
	T(test_compaction),
	T(test_process_anon),
	T(test_process_huge),
	T(test_process_shmem),
	T(test_offline_anon),
	T(test_offline_huge),
	T(test_offline_shmem),
	T(test_cma_anon),
	T(test_cma_huge),
	T(test_cma_shmem),
};

const struct rss_suite migrate_away = {
	"away", cases, ARRAY_SIZE(cases)
};
