// SPDX-License-Identifier: GPL-2.0
/*
 * The memory controller works on the same pages: it charges pages in memory,
 * mapped or not, to the cgroup that brought them there; rss charges mapped
 * pages to their first mapper. Each reclaims and kills only for its own limit,
 * and the pages that it frees are also uncharged from the other.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "events.h"
#include "limit.h"
#include "mem.h"
#include "memcg.h"
#include "runner.h"
#include "swap.h"

#define LIMIT		2048
#define REGION		(3 * LIMIT)
#define PLENTY		(8 * REGION)
#define N		1024

/* What the memory controller's own batches and page tables may add. */
#define SLACK		256

/* What rss_max_usage may include beyond usage, for each CPU */
#define STOCK		128

/* A container and its memory cgroup, both with a limit. */
struct both {
	char *rss;
	char *memcg;
};

static struct both make_both(const char *name, long limit, long max)
{
	struct both both;

	memcg_need();
	both.rss = limited_container(name, limit);
	both.memcg = memcg_of(both.rss);
	memcg_set_max(both.memcg, max);
	return both;
}

static void start_in(const struct both *both, struct child *child, child_fn fn,
		     void *arg)
{
	child_start(child, both->rss, fn, arg);
	memcg_move(both->memcg, child->pid);
}

static void fill_and_verify(const struct both *both)
{
	struct filler filler = { .pages = REGION };
	struct child child;

	start_in(both, &child, child_filler, &filler);
	child_step(&child);
	require(container_usage(both->rss) <= container_get(both->rss, "rss_limit"),
		"usage %ld", container_usage(both->rss));
	child_step(&child);
	child_finish(&child);
}

static void test_rss_tighter(void)
{
	struct both both;

	swap_on(2 * REGION);
	both = make_both("both", LIMIT, PLENTY);
	fill_and_verify(&both);
	require(container_get(both.rss, "rss_failcnt") > 0, "failcnt is 0");
	require(!memcg_event(both.memcg, "max"), "memory.max was met");
}

static void test_memory_tighter(void)
{
	struct both both;

	swap_on(2 * REGION);
	both = make_both("both", PLENTY, LIMIT);
	fill_and_verify(&both);
	require(!container_get(both.rss, "rss_failcnt") &&
		!container_get(both.rss, "rss_reclaimed"),
		"the limit was met, failcnt %ld, reclaimed %ld",
		container_get(both.rss, "rss_failcnt"),
		container_get(both.rss, "rss_reclaimed"));
	require(container_get(both.rss, "rss_max_usage") <=
		LIMIT + SLACK + STOCK * sysconf(_SC_NPROCESSORS_ONLN),
		"max_usage %ld", container_get(both.rss, "rss_max_usage"));
	require(memcg_event(both.memcg, "max") > 0, "memory.max was not met");
}

/* Pages unmapped for one limit stay in memory, up to the other. */
static void use_all(struct child *self, void *arg)
{
	char *file = mem_shared(REGION), *anon = mem_anon(LIMIT);
	int round;

	(void)arg;
	child_sync(self);
	for (round = 0; round < 2; round++) {
		mem_fill(anon, LIMIT, round);
		mem_fill(file, REGION, round);
		mem_verify(anon, LIMIT, round);
		mem_verify(file, REGION, round);
	}
	child_sync(self);
}

static void test_both(void)
{
	struct child child;
	struct both both;

	swap_on(4 * REGION);
	both = make_both("both", LIMIT, LIMIT + LIMIT / 2);
	start_in(&both, &child, use_all, NULL);
	child_step_limited(&child, both.rss, fault_around_pages());
	require(memcg_event(both.memcg, "max") > 0, "memory.max was not met");
	child_finish(&child);
}

/*
 * A limit of rss, then instead a higher one of the memory controller, with
 * free swap. Any kill then is by the latter: it gives up on a task that
 * touches its pages as fast as they are scanned. With the classic LRU, it
 * usually kills such a task even if there was no limit before, and with rss
 * disabled. So the test only requires that rss is not involved: what it took
 * from the lists of the memory controller is back there, it takes no more, and
 * no more tasks are killed than without its limit.
 */
#define FIRST		1024
#define SECOND		1536
#define RUNS		8
#define RUN_MS		500

/* Pages that may still be in CPUs' batches, on their way to a list */
#define BATCHED		64

static long listed_pages(const struct both *both)
{
	return memcg_stat_pages(both->memcg, "inactive_anon") +
	       memcg_stat_pages(both->memcg, "active_anon") +
	       memcg_stat_pages(both->memcg, "unevictable");
}

/* The task sleeps while the limits change. */
static void test_one_then_other(void)
{
	struct filler filler = { .pages = REGION };
	struct child child;
	struct both both;

	swap_on(2 * REGION);
	both = make_both("both", FIRST, PLENTY);
	start_in(&both, &child, child_filler, &filler);
	child_step(&child);
	require(container_get(both.rss, "rss_failcnt") > 0, "failcnt is 0");
	/* With rss on v1, its earlier pages belong to another memory cgroup. */
	require(wait_for(memcg_stat_pages(both.memcg, "anon") > FIRST / 2 &&
			 listed_pages(&both) + BATCHED >=
			 memcg_stat_pages(both.memcg, "anon")),
		"%ld pages are on lists, %ld are mapped", listed_pages(&both),
		memcg_stat_pages(both.memcg, "anon"));
	container_set(both.rss, "rss_limit", "max");
	memcg_set_max(both.memcg, SECOND);
	child_step(&child);
	require(!memcg_event(both.memcg, "oom"), "memory ran out");
	child_finish(&child);
}

static void fill_for_ever(struct child *self, void *arg)
{
	char *mem = mem_anon(2 * FIRST);

	(void)arg;
	for (child_sync(self);;) {
		mem_fill(mem, 2 * FIRST, 0);
		mem_verify(mem, 2 * FIRST, 0);
	}
}

/* The task runs meanwhile. Returns whether it is killed, but not by rss. */
static bool other_kills(const char *name, long limit)
{
	struct both both = make_both(name, limit, PLENTY);
	struct child child;
	long reclaimed;
	bool killed;

	start_in(&both, &child, fill_for_ever, NULL);
	child_go(&child);
	require(wait_for(limit == FIRST ?
			 container_get(both.rss, "rss_failcnt") > FIRST / 32 :
			 container_usage(both.rss) >= 2 * FIRST), "usage %ld",
		container_usage(both.rss));
	container_set(both.rss, "rss_limit", "max");
	reclaimed = container_get(both.rss, "rss_reclaimed");
	memcg_set_max(both.memcg, SECOND);
	killed = !holds_for(child_poll(&child, 0) == CHILD_RUNS, RUN_MS);
	require(container_get(both.rss, "rss_reclaimed") <= reclaimed + BATCHED,
		"reclaimed %ld without a limit",
		container_get(both.rss, "rss_reclaimed") - reclaimed);
	require(!events_get(both.rss, EVENT_OOM), "it was killed without a limit");
	/* It may have been killed in the end, but still be exiting. */
	if (memcg_event(both.memcg, "oom_kill"))
		killed = wait_for(child_poll(&child, 0) != CHILD_RUNS);
	require(!killed == !memcg_event(both.memcg, "oom_kill"),
		"oom_kill %ld of the memory controller",
		memcg_event(both.memcg, "oom_kill"));
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	return killed;
}

/* They alternate, so that other load affects both alike. */
static void test_one_then_other_running(void)
{
	int i, kills = 0, without = 0;
	char name[16];

	swap_on(2 * REGION);
	for (i = 0; i < RUNS; i++) {
		snprintf(name, sizeof(name), "both%d", i);
		kills += other_kills(name, FIRST);
		snprintf(name, sizeof(name), "other%d", i);
		without += other_kills(name, PLENTY);
	}
	ksft_print_msg("killed by the memory controller: %d of %d, %d without a limit before\n",
		       kills, RUNS, without);
	require(kills <= without + RUNS / 2, "%d of %d killed, %d without",
		kills, RUNS, without);
}

/* What memory.reclaim takes is no longer mapped. */
static void test_reclaim_memory(void)
{
	struct filler filler = { .pages = N };
	struct child child;
	struct both both;
	long usage;
	int err;

	swap_on(4 * N);
	both = make_both("both", PLENTY, PLENTY);
	start_in(&both, &child, child_filler, &filler);
	child_step(&child);
	usage = container_usage(both.rss);
	err = memcg_reclaim(both.memcg, N / 2);
	require(!err, "memory.reclaim: %s", strerror(-err));
	require(container_usage(both.rss) <= usage - N / 2 + SLACK,
		"usage %ld fell to %ld only", usage, container_usage(both.rss));
	child_step(&child);
	child_finish(&child);
}

struct maps {
	int fd;
	bool write;
};

static void map_file(struct child *self, void *arg)
{
	const struct maps *maps = arg;
	char *mem = mem_file(maps->fd, N, MAP_SHARED);

	child_sync(self);
	if (maps->write)
		mem_fill(mem, N, 0);
	mem_verify(mem, N, 0);
	child_sync(self);
	mem_verify(mem, N, 0);
	child_sync(self);
}

/* By the limit: takes all mapped file pages, and whatever goes with them. */
static void unmap_by_rss(const char *c)
{
	container_set_pages(c, "rss_limit", container_usage(c) - N);
	require(container_stat(c, "file") < N / 4, "%ld pages stay mapped",
		container_stat(c, "file"));
	container_set(c, "rss_limit", "max");
}

/* File pages that a container's limit takes stay in memory. */
static void test_reclaim_rss(void)
{
	struct maps maps = { .write = true };
	struct child child;
	struct both both;

	swap_on(4 * N);
	both = make_both("both", PLENTY, PLENTY);
	maps.fd = memfd_create("file", MFD_CLOEXEC);
	require(maps.fd >= 0 && !ftruncate(maps.fd, N * page_size()),
		"no memfd: %s", strerror(errno));
	start_in(&both, &child, map_file, &maps);
	child_step(&child);
	require(container_stat(both.rss, "shmem") == N, "%ld pages are mapped",
		container_stat(both.rss, "shmem"));
	unmap_by_rss(both.rss);
	require(wait_for(memcg_stat_pages(both.memcg, "shmem") == N),
		"%ld pages are in memory",
		memcg_stat_pages(both.memcg, "shmem"));
	child_step(&child);
	child_finish(&child);
}

static void write_file(struct child *self, void *arg)
{
	char *page = mem_anon(1);
	int fd = *(int *)arg;
	int i;

	child_sync(self);
	for (i = 0; i < N; i++) {
		mem_fill(page, 1, i);
		require(write(fd, page, page_size()) == (ssize_t)page_size(),
			"write: %s", strerror(errno));
	}
	child_sync(self);
}

static void expect_owners(const struct both *mapper, const struct both *payer)
{
	require(container_stat(mapper->rss, "file") == N &&
		!container_stat(payer->rss, "file"),
		"mapped pages: %ld of the mapper, %ld of the writer",
		container_stat(mapper->rss, "file"),
		container_stat(payer->rss, "file"));
	require(wait_for(memcg_stat_pages(payer->memcg, "shmem") == N &&
			 !memcg_stat_pages(mapper->memcg, "shmem")),
		"pages in memory: %ld of the writer, %ld of the mapper",
		memcg_stat_pages(payer->memcg, "shmem"),
		memcg_stat_pages(mapper->memcg, "shmem"));
}

static bool is_reclaimed(const struct both *mapper, const struct both *payer)
{
	memcg_reclaim(payer->memcg, N);
	return container_stat(mapper->rss, "file") < N / 4;
}

/*
 * One container maps what another has brought into memory: rss charges the
 * pages to the former, the memory controller to the latter.
 */
static void test_two_owners(void)
{
	struct both payer, mapper;
	struct child writer, child;
	struct maps maps = { 0 };

	swap_on(8 * N);
	payer = make_both("payer", PLENTY, PLENTY);
	mapper = make_both("mapper", PLENTY, PLENTY);
	maps.fd = memfd_create("file", MFD_CLOEXEC);
	require(maps.fd >= 0, "no memfd: %s", strerror(errno));
	start_in(&payer, &writer, write_file, &maps.fd);
	start_in(&mapper, &child, map_file, &maps);
	child_step(&writer);
	child_finish(&writer);
	child_step(&child);
	expect_owners(&mapper, &payer);

	/* Reclaim from the writer's memory cgroup unmaps them in the other. */
	require(wait_for(is_reclaimed(&mapper, &payer)),
		"%ld pages stay mapped", container_stat(mapper.rss, "file"));
	child_step(&child);
	expect_owners(&mapper, &payer);

	/* Reclaim from the mapping container leaves them in memory. */
	unmap_by_rss(mapper.rss);
	require(wait_for(memcg_stat_pages(payer.memcg, "shmem") == N),
		"%ld pages are in memory",
		memcg_stat_pages(payer.memcg, "shmem"));

	child_finish(&child);
	container_remove(mapper.rss);
	/* It may live on as the memory cgroup that is charged for the file. */
	container_remove(payer.rss);
	require(wait_for(!container_dead()), "%ld dead containers stay behind",
		container_dead());
}

/* Without swap. Each kills, and reports it, only for its own limit. */
static void kill_in(const struct both *both)
{
	struct filler filler = { .pages = REGION };
	struct child child;

	start_in(both, &child, child_filler, &filler);
	child_go(&child);
	child_expect_killed(&child);
	require(wait_for(!container_usage(both->rss)), "usage %ld stays",
		container_usage(both->rss));
}

static void test_rss_oom(void)
{
	struct both both;

	swap_none();
	both = make_both("both", LIMIT, PLENTY);
	kill_in(&both);
	require(container_get(both.rss, "rss_failcnt") > 0, "failcnt is 0");
	require(!memcg_event(both.memcg, "oom"), "memory ran out, too");
}

static void test_memory_oom(void)
{
	struct both both;

	swap_none();
	both = make_both("both", PLENTY, LIMIT);
	kill_in(&both);
	require(memcg_event(both.memcg, "oom") > 0, "memory did not run out");
	require(!container_get(both.rss, "rss_failcnt"), "failcnt is %ld",
		container_get(both.rss, "rss_failcnt"));
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_rss_tighter),
		T(test_memory_tighter),
		T(test_both),
		T(test_one_then_other),
		T(test_one_then_other_running),
		T(test_reclaim_memory),
		T(test_reclaim_rss),
		T(test_two_owners),
		T(test_rss_oom),
		T(test_memory_oom),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
