// SPDX-License-Identifier: GPL-2.0
/*
 * A mixed load for RSS_STRESS_SECONDS (10 if not set): workers map, unmap,
 * fork, move between containers and are killed now and then, while limits
 * change and containers come and go.  In the end nothing may be charged and
 * each container must go.
 *
 *	root
 *	  parent
 *	    first	one of these is removed and made again
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
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"

#define WORKERS		4
#define FILE_PAGES	1024
#define MOST_PAGES	512
#define LOWEST_LIMIT	256
#define TURNS		64	/* of a worker */

enum { PARENT, FIRST, SECOND, THIRD, OTHER, NR_CONTAINERS };

static char *containers[NR_CONTAINERS];
static int shared_file;
static unsigned int seed;

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
	madvise(mem, pages / 2 * page_size(), MADV_DONTNEED);
	mem_unmap(mem, pages);
}

static void use_file(void)
{
	size_t pages = 1 + below(FILE_PAGES);
	bool private = below(2);
	char *mem = mem_file(shared_file, pages,
			     private ? MAP_PRIVATE : MAP_SHARED);

	mem_read(mem, pages);
	mem_fill(mem, below(pages + 1), seed);
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

/* A container that is just being made again is not there. */
static void move(void)
{
	cg_enter_current(containers[below(NR_CONTAINERS)]);
}

static void work(struct child *self, void *arg)
{
	static void (* const uses[])(void) = {
		use_anon, use_huge, use_file, use_fork, move,
	};
	int turn;

	(void)arg;
	prctl(PR_SET_THP_DISABLE, 0, 0, 0, 0);
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

	/* One that has just ended cannot be moved. */
	while (nr--)
		cg_enter(to, pids[nr]);
}

static void make_again(void)
{
	const char *c = containers[FIRST + below(3)];

	/* Its tasks move up, but new ones may come in between. */
	move_all(c, containers[PARENT]);
	if (rmdir(c))
		require(errno == EBUSY, "rmdir %s: %s", c, strerror(errno));
	else
		require(!mkdir(c, 0755), "mkdir %s: %s", c, strerror(errno));
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
}

static void stop(struct child *workers)
{
	int i;

	for (i = 0; i < WORKERS; i++) {
		kill(workers[i].pid, SIGKILL);
		child_wait(&workers[i]);
	}
}

static void make_containers(void)
{
	containers[PARENT] = container_new(NULL, "parent");
	containers[FIRST] = container_new(containers[PARENT], "first");
	containers[SECOND] = container_new(containers[PARENT], "second");
	containers[THIRD] = container_new(containers[PARENT], "third");
	containers[OTHER] = container_new(NULL, "other");
}

static void test_mixed(void)
{
	const char *text = getenv("RSS_STRESS_SECONDS");
	int seconds = text ? atoi(text) : 10;
	struct child workers[WORKERS];
	time_t end;
	int i;

	seed = time(NULL);
	ksft_print_msg("seed %u\n", seed);
	alarm(seconds + 2 * WAIT_SECONDS);
	fs_mount("tmpfs", NULL);
	shared_file = fs_file("file", FILE_PAGES, seed);
	make_containers();
	for (i = 0; i < WORKERS; i++)
		start_worker(&workers[i]);
	for (end = time(NULL) + seconds; time(NULL) < end;)
		stir(workers);
	stop(workers);

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
