// SPDX-License-Identifier: GPL-2.0
/*
 * A mixed load for RSS_STRESS_SECONDS (10 if not set): workers map and unmap
 * memory of all kinds, swap, merge, collapse, split and migrate it, fork, move
 * between containers and are killed now and then, while khugepaged, KSM and
 * NUMA balancing run, limits change, and containers come and go. Files are on
 * tmpfs and on a disk, swap is on zram. In the end nothing may be charged and
 * each container must disappear.
 *
 *	root
 *	  parent
 *	    first	one of these is removed and recreated
 *	    second	at a time
 *	    third
 *	  other
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "keys.h"
#include "mem.h"
#include "numa.h"
#include "runner.h"
#include "swap.h"
#include "thp.h"
#include "tunable.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE	25
#endif

#define WORKERS		4
#define FILE_PAGES	1024
#define MOST_PAGES	512
#define SWAP_PAGES	16384
#define DISK_BYTES	(32 << 20)
#define LOWEST_LIMIT	256
#define TURNS		64	/* of a worker */

enum { PARENT, FIRST, SECOND, THIRD, OTHER, NR_CONTAINERS };

static char *containers[NR_CONTAINERS];
/* One on tmpfs, one on a disk. */
static int shared_files[2];
static unsigned int seed;

/* If there is a second node. */
static struct nodes nodes;
static bool has_nodes;

static unsigned int below(unsigned int bound)
{
	return rand_r(&seed) % bound;
}

static void use_anon(void)
{
	size_t pages = 1 + below(MOST_PAGES);
	char *mem = mem_anon(pages);

	mem_fill(mem, pages, seed);
	mem_verify(mem, pages, seed);
	mem_unmap(mem, pages);
}

static void use_huge(void)
{
	size_t pages = huge_pages();
	char *mem;

	if (!pages)
		return;
	mem = mem_huge(pages);
	madvise(mem, pages * page_size(), MADV_HUGEPAGE);
	mem_fill(mem, pages, seed);
	if (below(2))
		madvise(mem, pages / 2 * page_size(), MADV_DONTNEED);
	if (thp_can_split() && below(2))
		thp_split(getpid(), mem, pages);
	mem_unmap(mem, pages);
}

static void use_collapse(void)
{
	size_t pages = huge_pages(), filled = pages / 2;
	char *mem;

	if (!pages)
		return;
	mem = mem_huge(pages);
	madvise(mem, pages * page_size(), MADV_NOHUGEPAGE);
	mem_fill(mem, filled, seed);
	madvise(mem, pages * page_size(), MADV_HUGEPAGE);
	madvise(mem, pages * page_size(), MADV_COLLAPSE);
	mem_verify(mem, filled, seed);
	mem_unmap(mem, pages);
}

static void use_swap(void)
{
	size_t pages = 1 + below(MOST_PAGES);
	char *mem = mem_anon(pages);

	mem_fill(mem, pages, seed);
	madvise(mem, pages * page_size(), MADV_PAGEOUT);
	mem_verify(mem, pages, seed);
	mem_unmap(mem, pages);
}

/* Long enough for the scanner to come by now and then. */
static void use_merge(void)
{
	size_t pages = 1 + below(MOST_PAGES), i;
	char *mem = mem_anon(pages);

	for (i = 0; i < pages; i++)
		mem_fill(mem + i * page_size(), 1, 1);
	madvise(mem, pages * page_size(), MADV_MERGEABLE);
	usleep(1000 * below(50));
	for (i = 0; i < pages; i++)
		mem_verify(mem + i * page_size(), 1, 1);
	mem_fill(mem, below(pages + 1), seed);
	mem_unmap(mem, pages);
}

static void use_migrate(void)
{
	size_t pages = 1 + below(MOST_PAGES);
	char *mem = mem_anon(pages);

	mem_fill(mem, pages, seed);
	if (has_nodes) {
		numa_try_move(0, mem, pages, nodes.id[0]);
		numa_try_move(0, mem, pages, nodes.id[1]);
	}
	mem_verify(mem, pages, seed);
	mem_unmap(mem, pages);
}

static void use_file(void)
{
	size_t pages = 1 + below(FILE_PAGES);
	bool private = below(2);
	char *mem = mem_file(shared_files[below(2)], pages,
			     private ? MAP_PRIVATE : MAP_SHARED);

	mem_read(mem, pages);
	mem_fill(mem, below(pages + 1), seed);
	/* Also clean pages, of a file on a disk. */
	if (!below(4))
		msync(mem, pages * page_size(), MS_SYNC);
	mem_unmap(mem, pages);
}

static void use_fork(void)
{
	size_t pages = 1 + below(MOST_PAGES);
	char *mem = mem_anon(pages);
	pid_t pid;

	mem_fill(mem, pages, seed);
	pid = fork();
	if (!pid) {
		mem_fill(mem, pages / 2, 0);
		_exit(0);
	}
	mem_fill(mem, pages, 0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	mem_unmap(mem, pages);
}

/* A container that is being recreated does not exist. */
static void move(void)
{
	cg_enter_current(containers[below(NR_CONTAINERS)]);
}

static void work(struct child *self, void *arg)
{
	static void (* const uses[])(void) = {
		use_anon, use_huge, use_collapse, use_swap, use_merge,
		use_migrate, use_file, use_fork, move,
	};
	int turn;

	(void)arg;
	thp_allow();
	seed += self->pid;
	child_sync(self);
	for (turn = 0; turn < TURNS; turn++)
		uses[below(ARRAY_SIZE(uses))]();
}

static void start_worker(struct child *worker)
{
	child_start(worker, containers[OTHER], work, NULL);
	if (worker->state == CHILD_SYNCED)
		child_go(worker);
}

static void change_limit(void)
{
	const char *c = containers[below(NR_CONTAINERS)];
	char text[32] = "max";
	int err;

	if (below(3))
		snprintf(text, sizeof(text), "%u",
			 LOWEST_LIMIT + below(4 * MOST_PAGES));
	err = control_write(c, "rss_limit", text);
	require(!err || err == -EBUSY || err == -EINTR, "limit %s: %s", text,
		strerror(-err));
}

static void move_all(const char *from, const char *to)
{
	pid_t pids[4 * WORKERS];
	size_t nr = container_pids(from, pids, ARRAY_SIZE(pids));

	/* A process that just exited can't be moved. */
	while (nr--)
		cg_enter(to, pids[nr]);
}

static void make_again(void)
{
	const char *c = containers[FIRST + below(3)];

	/* Its tasks move up, but new ones may arrive meanwhile. */
	move_all(c, containers[PARENT]);
	if (rmdir(c))
		require(errno == EBUSY, "rmdir %s: %s", c, strerror(errno));
	else
		require(!mkdir(c, 0755), "mkdir %s: %s", c, strerror(errno));
}

/* Everything that a worker has, also its program and the shared files. */
static void migrate_one(const struct child *workers)
{
	int to = below(2);
	pid_t pid = workers[below(WORKERS)].pid;

	/* It may have exited; then nothing is migrated. */
	numa_try_migrate(pid, nodes.id[!to], nodes.id[to]);
}

static void stir(struct child *workers)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		if (child_poll(&workers[i], 1) != CHILD_RUNS)
			start_worker(&workers[i]);
		else if (!below(500))
			kill(workers[i].pid, SIGKILL);
	}
	change_limit();
	if (!below(8))
		make_again();
	if (!below(64))
		write_text("/proc/sys/vm/compact_memory", "1", 1);
	if (has_nodes && !below(8))
		migrate_one(workers);
}

static void stop(struct child *workers)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		kill(workers[i].pid, SIGKILL);
		child_wait(&workers[i]);
	}
}

/* The kernel's threads that merge, collapse and migrate, where available. */
static void start_threads(void)
{
	tunable_try("/sys/kernel/mm/ksm/run", "1");
	tunable_try("/sys/kernel/mm/ksm/sleep_millisecs", "10");
	tunable_try("/sys/kernel/mm/ksm/pages_to_scan", "1000");
	tunable_try("/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs",
		    "10");
	tunable_try("/sys/kernel/mm/transparent_hugepage/khugepaged/pages_to_scan",
		    "16384");
	tunable_try("/proc/sys/kernel/numa_balancing", "1");
}

static void make_containers(void)
{
	containers[PARENT] = container_new(NULL, "parent");
	containers[FIRST] = container_new(containers[PARENT], "first");
	containers[SECOND] = container_new(containers[PARENT], "second");
	containers[THIRD] = container_new(containers[PARENT], "third");
	containers[OTHER] = container_new(NULL, "other");
}

/* What was active, as far as the kernel counts it for the whole system. */
static const char * const counted[] = {
	"pswpin", "pswpout", "pgmigrate_success", "numa_pages_migrated",
	"compact_isolated", "thp_fault_alloc", "thp_collapse_alloc",
	"thp_split_page", "ksm_swpin_copy", "cow_ksm", "oom_kill",
};

static void count(long *counts)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(counted); i++)
		counts[i] = read_key("/proc/vmstat", counted[i]);
}

static void report(const long *before)
{
	long now[ARRAY_SIZE(counted)];
	unsigned int i;

	count(now);
	for (i = 0; i < ARRAY_SIZE(counted); i++)
		if (now[i] >= 0)
			ksft_print_msg("%s %ld\n", counted[i],
				       now[i] - before[i]);
}

static void test_mixed(void)
{
	const char *text = getenv("RSS_STRESS_SECONDS");
	int seconds = text ? atoi(text) : 10;
	long before[ARRAY_SIZE(counted)];
	struct child workers[WORKERS];
	time_t end;
	int i;

	seed = time(NULL);
	ksft_print_msg("seed %u\n", seed);
	alarm(seconds + 2 * WAIT_SECONDS);
	fs_mount("tmpfs", NULL);
	shared_files[0] = fs_file("file", FILE_PAGES, seed);
	fs_mount_disk(DISK_BYTES);
	shared_files[1] = fs_file("file", FILE_PAGES, seed);
	swap_on(SWAP_PAGES);
	has_nodes = numa_find(&nodes);
	start_threads();
	make_containers();
	count(before);
	for (i = 0; i < WORKERS; i++)
		start_worker(&workers[i]);
	for (end = time(NULL) + seconds; time(NULL) < end;)
		stir(workers);
	stop(workers);
	report(before);

	for (i = 0; i < NR_CONTAINERS; i++)
		require(wait_for(!container_usage(containers[i])),
			"usage %ld of %s stays", container_usage(containers[i]),
			container_path(containers[i]));
	while (i--)
		container_remove(containers[i]);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_mixed),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
