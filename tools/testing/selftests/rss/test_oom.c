// SPDX-License-Identifier: GPL-2.0
/*
 * The OOM killer of a container, without swap: anonymous memory cannot be
 * reclaimed, so a fault at the limit kills.  The victim is the task with the
 * highest badness in the container whose limit was hit, never one outside,
 * however large.
 *
 * LIMIT is far above what the children need to run (some 200 pages each).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "fs.h"
#include "keys.h"
#include "kmsg.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define LIMIT		2048
#define TOO_MUCH	(4 * LIMIT)

static char *oom_container(void)
{
	swap_none();
	return limited_container("oom", LIMIT);
}

/* One more task there, which needs more than the limit allows. */
static void kill_there(const char *container, struct child *child)
{
	struct filler filler = { .pages = TOO_MUCH };

	child_start(child, container, child_filler, &filler);
	child_go(child);
	child_expect_killed(child);
}

static void expect_empty(const char *container)
{
	require(wait_for(!container_usage(container)), "usage %ld stays",
		container_usage(container));
	container_remove(container);
}

/* Two larger than the victim: one in no container, one in another. */
static void test_kill(void)
{
	struct filler larger = { .pages = 2 * TOO_MUCH };
	struct child outside, bystander, child;
	char *c = oom_container(), *other;
	long usage;

	other = container_new(NULL, "other");
	child_start(&outside, NULL, child_filler, &larger);
	child_start(&bystander, other, child_filler, &larger);
	child_step(&outside);
	child_step(&bystander);
	usage = container_usage(other);

	kill_there(c, &child);
	require(container_get(c, "rss_failcnt") > 0, "failcnt is 0");
	expect_empty(c);

	require(container_usage(other) == usage &&
		container_get(other, "rss_reclaimed") == 0 &&
		container_get(other, "rss_failcnt") == 0,
		"usage of the other container went from %ld to %ld", usage,
		container_usage(other));
	child_step(&outside);
	child_finish(&outside);
	child_step(&bystander);
	child_finish(&bystander);
	expect_empty(other);
}

/* The kernel writes at most ten reports in five seconds. */
#define REPORT_SECONDS	5

static void kill_reported(const char *container, struct child *child,
			  struct kmsg *log)
{
	int tries;

	for (tries = 0; tries < 2; tries++) {
		kill_there(container, child);
		/* This line is always written, after the report. */
		require(wait_for(kmsg_has_number(log, child->pid)),
			"the log does not name the victim %d", child->pid);
		if (kmsg_count(log, container_path(container)))
			return;
		sleep(REPORT_SECONDS);
	}
	fail_case("no report names %s", container_path(container));
}

static void test_report(void)
{
	static const char * const words[] = { "usage", "limit", "failcnt" };
	char *c = oom_container();
	struct child child;
	struct kmsg log;
	unsigned int i;

	kmsg_open(&log);
	kill_reported(c, &child, &log);
	for (i = 0; i < ARRAY_SIZE(words); i++)
		require(wait_for(kmsg_count(&log, words[i])),
			"the report has no '%s'", words[i]);
	require(kmsg_has_number(&log, LIMIT), "the report has no %d", LIMIT);
}

/*
 * The large task has 3/4 of the limit; the small one is far below that when it
 * meets the limit.
 */
#define BIG	(LIMIT * 3 / 4)
#define SMALL	(LIMIT / 2)

static void test_badness(void)
{
	struct filler big = { .pages = BIG }, small = { .pages = SMALL };
	struct child large, little;
	char *c = oom_container();

	child_start(&large, c, child_filler, &big);
	child_start(&little, c, child_filler, &small);
	child_step(&large);
	child_go(&little);
	require(child_wait(&little) == CHILD_SYNCED, "the small one was killed");
	child_expect_killed(&large);
	child_step(&little);
	child_finish(&little);
	expect_empty(c);
}

/* Has much memory, shared with a process in another container. */
struct sharer {
	char *other;
	size_t pages;
};

static int wait_for_kill(void *arg)
{
	(void)arg;
	return pause();
}

static void fill_and_share(struct child *self, void *arg)
{
	static max_align_t stack[4096];
	const struct sharer *sharer = arg;
	char *mem = mem_anon(sharer->pages);
	pid_t pid;

	child_sync(self);
	mem_fill(mem, sharer->pages, 0);
	pid = clone(wait_for_kill, stack + ARRAY_SIZE(stack),
		    CLONE_VM | SIGCHLD, NULL);
	require(pid > 0, "clone: %s", strerror(errno));
	container_move(sharer->other, pid);
	child_sync(self);
	mem_verify(mem, sharer->pages, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	child_sync(self);
}

/* Killing a task that shares another container's memory would kill there. */
static void test_shared_mm(void)
{
	struct child elsewhere, child;
	struct sharer sharer = { .pages = 2 * TOO_MUCH };
	char *c = oom_container();

	sharer.other = c;
	child_start(&elsewhere, container_new(NULL, "other"), fill_and_share,
		    &sharer);
	child_step(&elsewhere);
	kill_there(c, &child);
	child_step(&elsewhere);
	child_finish(&elsewhere);
	expect_empty(c);
}

/*
 * The leader has exited, in another container: the process can only be found
 * by the thread that took over.
 */
struct heir {
	const char *container;
	struct child *self;
};

static void *fill_as_heir(void *arg)
{
	struct heir *heir = arg;

	container_set(heir->container, "tasks", "0");
	child_sync(heir->self);
	mem_fill(mem_anon(TOO_MUCH), TOO_MUCH, 0);
	return NULL;
}

static void exit_leader(struct child *self, void *arg)
{
	struct heir *heir = arg;

	heir->self = self;
	child_exit_leader(fill_as_heir, heir);
}

static void test_dead_leader(void)
{
	struct heir heir = { 0 };
	struct child child;
	char *c;

	container_need_v1();
	c = oom_container();
	heir.container = c;
	child_start(&child, container_new(NULL, "other"), exit_leader, &heir);
	require(wait_for(proc_state(child.pid) == 'Z'), "the leader lives");
	child_go(&child);
	child_expect_killed(&child);
	expect_empty(c);
}

/*
 * A victim whose leader has exited, and whose other thread does not run for a
 * while. Another task needs the room meanwhile: it waits.
 */
#define SLOW_CPU	1

static void *fill_slowly(void *arg)
{
	struct sched_param param = { 0 };

	cpu_run_on(SLOW_CPU);
	mem_fill(mem_anon(BIG), BIG, 0);
	require(!sched_setscheduler(0, SCHED_IDLE, &param), "no SCHED_IDLE");
	child_sync(arg);
	return NULL;
}

static void leave_slow_thread(struct child *self, void *arg)
{
	(void)arg;
	child_exit_leader(fill_slowly, self);
}

static void keep_busy(struct child *self, void *arg)
{
	struct sched_param param = { .sched_priority = 1 };

	(void)arg;
	cpu_run_on(SLOW_CPU);
	child_sync(self);
	require(!sched_setscheduler(0, SCHED_FIFO, &param), "no SCHED_FIFO");
	for (;;)
		;
}

static void test_slow_victim(void)
{
	struct filler small = { .pages = SMALL };
	struct child victim, busy, little;
	char *c;

	c = oom_container();
	child_start(&victim, c, leave_slow_thread, NULL);
	require(wait_for(proc_state(victim.pid) == 'Z'), "the leader lives");
	child_start(&busy, NULL, keep_busy, NULL);
	child_start(&little, c, child_filler, &small);
	child_go(&busy);
	child_step(&little);
	kill(busy.pid, SIGKILL);
	child_expect_killed(&busy);
	child_expect_killed(&victim);
	child_step(&little);
	child_finish(&little);
	expect_empty(c);
}

static void test_spared(void)
{
	struct filler big = { .pages = BIG, .spared = true };
	struct filler small = { .pages = SMALL };
	struct child large, little;
	char *c = oom_container();

	child_start(&large, c, child_filler, &big);
	child_start(&little, c, child_filler, &small);
	child_step(&large);
	child_go(&little);
	child_expect_killed(&little);
	child_step(&large);
	child_finish(&large);
	expect_empty(c);
}

/*
 * Only the page that the fault itself maps could be reclaimed. If it were gone
 * when the task runs again, the task would fault on it forever.
 */
static void read_when_full(struct child *self, void *arg)
{
	char *file = mem_file(*(int *)arg, 1, MAP_SHARED);
	char *mem = mem_anon(LIMIT / 2);

	child_sync(self);
	mem_fill(mem, LIMIT / 2, 0);
	child_sync(self);
	mem_read(file, 1);
	child_sync(self);
}

static void test_no_room_for_one(void)
{
	char *c = oom_container();
	struct child child;
	int fd;

	fs_mount("tmpfs", NULL);
	fd = fs_file("file", 1, 0);
	child_start(&child, c, read_when_full, &fd);
	child_step(&child);
	container_set_pages(c, "rss_limit", container_usage(c));
	child_go(&child);
	child_expect_killed(&child);
	expect_empty(c);
}

#define THREADS	4

static void *fill_thread(void *arg)
{
	mem_fill(arg, LIMIT, 0);
	return NULL;
}

static void fill_by_threads(struct child *self, void *arg)
{
	char *mem = mem_anon(THREADS * LIMIT);
	pthread_t threads[THREADS];
	int i;

	(void)arg;
	child_sync(self);
	for (i = 0; i < THREADS; i++)
		require(!pthread_create(&threads[i], NULL, fill_thread,
					mem + i * LIMIT * page_size()),
			"no thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void test_threads(void)
{
	char *c = oom_container();
	struct child child;

	child_start(&child, c, fill_by_threads, NULL);
	child_go(&child);
	child_expect_killed(&child);
	expect_empty(c);
}

/*
 * Many small processes are too much together. Their parent is spared; some of
 * them are killed, others finish.
 */
#define FORKS		32
#define FORK_PAGES	(LIMIT / 4)

static void forked_filler(struct child *self, void *arg)
{
	child_oom_adj(0);
	child_filler(self, arg);
}

static void fork_many(struct child *self, void *arg)
{
	struct child children[FORKS];
	int i, alive = 0;

	child_oom_adj(OOM_SPARED);
	for (i = 0; i < FORKS; i++)
		child_fork(&children[i], forked_filler, arg);
	child_sync(self);
	for (i = 0; i < FORKS; i++)
		if (child_poll(&children[i], 0) == CHILD_SYNCED)
			child_go(&children[i]);
	for (i = 0; i < FORKS; i++)
		child_wait(&children[i]);
	for (i = 0; i < FORKS; i++) {
		alive += child_poll(&children[i], 0) == CHILD_SYNCED;
		kill(children[i].pid, SIGKILL);
		child_expect_killed(&children[i]);
	}
	require(alive > 0 && alive < FORKS, "%d of %d live", alive, FORKS);
	child_sync(self);
}

static void test_many(void)
{
	struct filler filler = { .pages = FORK_PAGES };
	struct filler larger = { .pages = TOO_MUCH };
	struct child outside, child;
	char *c = oom_container();

	child_start(&outside, NULL, child_filler, &larger);
	child_step(&outside);
	child_start(&child, c, fork_many, &filler);
	child_step(&child);
	require(container_get(c, "rss_failcnt") > 0, "failcnt is 0");
	child_finish(&child);
	child_step(&outside);
	child_finish(&outside);
	expect_empty(c);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_kill),
		T(test_report),
		T(test_badness),
		T(test_shared_mm),
		T(test_dead_leader),
		T(test_slow_victim),
		T(test_spared),
		T(test_no_room_for_one),
		T(test_threads),
		T(test_many),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
