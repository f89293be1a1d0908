// SPDX-License-Identifier: GPL-2.0
/*
 * While pages are migrated or split, usage never changes, not even briefly.
 *
 * A process in a container holds pages and sleeps. Another one outside, the
 * mover, migrates or splits them. Meanwhile the case reads usage as fast as it
 * can: it must read only one value.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "frame.h"
#include "fs.h"
#include "limit.h"
#include "mem.h"
#include "migrate.h"
#include "numa.h"
#include "runner.h"
#include "suites.h"
#include "swap.h"
#include "thp.h"

#define N		512
#define MOVER_MS	1500
#define BATCH		64	/* readings between two checks of the mover */

static struct nodes nodes;

/* The holder's pages, shared with it and the mover. */
struct holder {
	struct actor a;
	void (*map)(struct actor *a);
	size_t whole;		/* this many at the start surely exist */
	pid_t pid;
};

static struct holder *new_holder(void (*map)(struct actor *a), size_t pages)
{
	struct holder *holder = (struct holder *)mem_shared(1);

	*holder = (struct holder){
		.a = { .pages = pages }, .map = map, .whole = pages
	};
	return holder;
}

static void hold(struct child *self, void *arg)
{
	struct holder *holder = arg;

	child_sync(self);
	holder->pid = getpid();
	holder->map(&holder->a);
	child_sync(self);
	mem_verify(holder->a.mem, holder->whole, MIGRATE_SEED);
	child_sync(self);
}

static void start_holder(struct child *child, const char *container,
			 struct holder *holder)
{
	child_start(child, container, hold, holder);
	child_step(child);
}

static bool time_is_up(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - start->tv_sec) * 1000 +
	       (now.tv_nsec - start->tv_nsec) / 1000000 > MOVER_MS;
}

static void mover(struct child *self, void *arg)
{
	struct holder *holder = arg;
	struct timespec start;
	size_t moved = 0;
	int to = 0;

	child_sync(self);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		to = !to;
		moved += numa_try_move(holder->pid, holder->a.mem,
				       holder->a.pages, nodes.id[to]);
	} while (!time_is_up(&start));
	/* All of them, at least once in both directions. */
	require(moved >= 2 * holder->a.pages, "only %zu pages migrated", moved);
	child_sync(self);
}

/* Migrates everything that the holder has, also its program and stack. */
static void mover_of_all(struct child *self, void *arg)
{
	struct holder *holder = arg;
	struct timespec start;
	int to = 0;

	child_sync(self);
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		to = !to;
		numa_migrate(holder->pid, nodes.id[!to], nodes.id[to]);
	} while (!time_is_up(&start));
	require(numa_count(holder->pid, holder->a.mem, holder->a.pages,
			   nodes.id[to]) == holder->a.pages,
		"the pages have not migrated");
	child_sync(self);
}

static void splitter(struct child *self, void *arg)
{
	struct holder *holder = arg;

	child_sync(self);
	thp_split(holder->pid, holder->a.mem, holder->a.pages);
	require(!frame_is(frame_of(holder->pid, holder->a.mem), KPF_THP),
		"not split");
	child_sync(self);
}

/* Reads the usage of containers continuously until the mover is done. */
static void expect_steady(struct child *moving, char **containers, int nr)
{
	long before[2], usage;
	int fd[2], i, batch;

	for (i = 0; i < nr; i++) {
		fd[i] = cg_open(containers[i], "rss_usage", O_RDONLY);
		require(fd[i] >= 0, "no rss_usage");
		before[i] = cg_read_long_fd(fd[i]);
	}
	child_go(moving);
	do {
		for (batch = 0; batch < BATCH; batch++) {
			for (i = 0; i < nr; i++) {
				usage = cg_read_long_fd(fd[i]);
				require(usage == before[i],
					"usage %ld of %s, was %ld", usage,
					container_path(containers[i]),
					before[i]);
			}
		}
	} while (child_poll(moving, 0) == CHILD_RUNS);
	child_finish(moving);
}

static void watch(struct holder *holder, child_fn move)
{
	char *c = container_new(NULL, "steady");
	struct child child, moving;

	numa_nodes(&nodes);
	start_holder(&child, c, holder);
	child_start(&moving, NULL, move, holder);
	expect_steady(&moving, &c, 1);
	child_step(&child);
	child_finish(&child);
}

static void make_file(struct holder *holder, const char *options)
{
	fs_mount("tmpfs", options);
	migrate_make_file(&holder->a);
}

static void test_move_anon(void)
{
	watch(new_holder(migrate_map_anon, N), mover);
}

static void test_move_huge(void)
{
	watch(new_holder(migrate_map_huge, 2 * thp_need()), mover);
}

static void test_move_shmem(void)
{
	struct holder *holder = new_holder(migrate_map_file, N);

	make_file(holder, NULL);
	watch(holder, mover);
}

static void test_move_huge_shmem(void)
{
	struct holder *holder;

	holder = new_holder(migrate_map_huge_file, 2 * thp_need());
	make_file(holder, "huge=always");
	watch(holder, mover);
}

static void test_move_all(void)
{
	watch(new_holder(migrate_map_anon, N), mover_of_all);
}

/* Two containers map the pages; the first owns all of them. */
static void test_move_shared(void)
{
	struct holder *first = new_holder(migrate_map_file, N);
	struct holder *second = new_holder(migrate_map_file, N);
	struct child children[2], moving;
	char *containers[2];

	numa_nodes(&nodes);
	make_file(first, NULL);
	second->a.fd = first->a.fd;
	containers[0] = container_new(NULL, "first");
	containers[1] = container_new(NULL, "second");
	start_holder(&children[0], containers[0], first);
	start_holder(&children[1], containers[1], second);
	child_start(&moving, NULL, mover, second);
	expect_steady(&moving, containers, 2);
	child_step(&children[0]);
	child_step(&children[1]);
	child_finish(&children[0]);
	child_finish(&children[1]);
}

/*
 * At the exact limit there is no room for another page, and no need for one:
 * nothing is reclaimed, although there is swap.
 */
static void migrate_at_limit(struct holder *holder)
{
	char *c = container_new(NULL, "exact");
	struct child child, moving;

	numa_nodes(&nodes);
	swap_on(2 * holder->a.pages);
	start_holder(&child, c, holder);
	child_start(&moving, NULL, mover, holder);
	container_set_pages(c, "rss_limit", container_usage(c));
	container_set(c, "rss_max_usage", "0");
	expect_steady(&moving, &c, 1);
	require(!container_get(c, "rss_failcnt"), "failcnt %ld",
		container_get(c, "rss_failcnt"));
	require(!container_get(c, "rss_reclaimed"), "%ld pages reclaimed",
		container_get(c, "rss_reclaimed"));
	require(container_get(c, "rss_max_usage") ==
		container_get(c, "rss_limit"), "max_usage %ld, limit %ld",
		container_get(c, "rss_max_usage"),
		container_get(c, "rss_limit"));
	child_step(&child);
	child_finish(&child);
}

static void test_limit_anon(void)
{
	migrate_at_limit(new_holder(migrate_map_anon, N));
}

static void test_limit_huge(void)
{
	migrate_at_limit(new_holder(migrate_map_huge, 2 * thp_need()));
}

#define SPLITS	16	/* huge pages, split one after the other */

static void test_split(void)
{
	watch(new_holder(migrate_map_huge, SPLITS * thp_need()), splitter);
}

/* The second quarter of each huge page is no longer mapped. */
static void map_in_part(struct actor *a)
{
	size_t quarter = huge_pages() / 4;
	char *mem, *end;

	migrate_map_huge(a);
	end = a->mem + a->pages * page_size();
	for (mem = a->mem; mem < end; mem += 4 * quarter * page_size())
		mem_advise(mem + quarter * page_size(), quarter, MADV_DONTNEED);
}

static void test_split_part(void)
{
	struct holder *holder = new_holder(map_in_part, SPLITS * thp_need());

	holder->whole = huge_pages() / 4;
	watch(holder, splitter);
}

static const struct rss_case cases[] = {
	T(test_move_anon),
	T(test_move_huge),
	T(test_move_shmem),
	T(test_move_huge_shmem),
	T(test_move_all),
	T(test_move_shared),
	T(test_limit_anon),
	T(test_limit_huge),
	T(test_split),
	T(test_split_part),
};

const struct rss_suite migrate_live = {
	"live", cases, ARRAY_SIZE(cases), .v1_only = true
};
