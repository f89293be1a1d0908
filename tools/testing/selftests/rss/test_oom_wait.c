// SPDX-License-Identifier: GPL-2.0
/*
 * Nothing can be reclaimed (no swap) or killed (all have oom_score_adj -1000):
 * a task at the limit sleeps until it is killed or moved, the limit is raised
 * or memory is freed. Meanwhile the limit holds: usage exceeds it at most by a
 * page for each waiting task, or by what one system call has touched. This is
 * logged once, and again only after there was room.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "fs.h"
#include "keys.h"
#include "kmsg.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "uffd.h"

#define LIMIT		2048
#define TOO_MUCH	(2 * LIMIT)
#define WATCH_MS	2000
/*
 * Clock ticks of 1/100 s in WATCH_MS: a task that spins takes 200; searching
 * for something to reclaim took up to 33 on a loaded host. A slower kernel
 * takes longer for that, possibly all the time, see clock.h. There, falling
 * asleep shows that a task does not spin.
 */
#define FEW_TICKS	60

static long few_ticks(void)
{
	return clock_allowed_ms(1) * FEW_TICKS / 1000;
}

static struct filler spared_filler = { .pages = TOO_MUCH, .spared = true };

static char *oom_container(void)
{
	swap_none();
	return limited_container("wait", LIMIT);
}

/* It meets the limit and does not return. */
static void expect_waits(struct child *child, const char *c, int waiting)
{
	long ticks;

	require(wait_for(container_usage(c) >= LIMIT &&
			 container_get(c, "rss_failcnt") > 0 &&
			 child_is_asleep(child)), "child %d does not wait",
		child->pid);
	ticks = proc_ticks(child->pid);
	require(holds_for(child_poll(child, 0) == CHILD_RUNS &&
			  container_usage(c) <= LIMIT + waiting, WATCH_MS),
		"state %d, usage %ld", child->state, container_usage(c));
	ticks = proc_ticks(child->pid) - ticks;
	require(ticks < few_ticks(), "%ld ticks of CPU time while it waits",
		ticks);
	/* It may wake up now and then to check for room. */
	require(wait_for(child_is_asleep(child)), "state %c",
		proc_state(child->pid));
}

static void start_waiter(struct child *child, const char *c)
{
	child_start(child, c, child_filler, &spared_filler);
	child_go(child);
	expect_waits(child, c, 1);
}

static void end_filler(struct child *child)
{
	require(child_wait(child) == CHILD_SYNCED, "child %d was killed",
		child->pid);
	child_step(child);
	child_finish(child);
}

static void test_raise(void)
{
	char *c = oom_container();
	struct child child;

	start_waiter(&child, c);
	container_set_pages(c, "rss_limit", 2 * TOO_MUCH);
	end_filler(&child);
	require(container_get(c, "rss_max_usage") >= TOO_MUCH, "max_usage %ld",
		container_get(c, "rss_max_usage"));
	require(!container_usage(c), "usage %ld stays", container_usage(c));
	container_remove(c);
}

static void test_kill(void)
{
	char *c = oom_container();
	struct child child;

	start_waiter(&child, c);
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	require(!container_usage(c), "usage %ld stays", container_usage(c));
	container_remove(c);
}

/* The first has half of the limit and frees it. */
static void test_free(void)
{
	struct filler half = { .pages = LIMIT / 2, .spared = true };
	struct filler most = { .pages = LIMIT * 3 / 4, .spared = true };
	struct child first, second;
	char *c = oom_container();

	child_start(&first, c, child_filler, &half);
	child_step(&first);
	child_start(&second, c, child_filler, &most);
	child_go(&second);
	expect_waits(&second, c, 1);
	child_step(&first);
	child_finish(&first);
	end_filler(&second);
}

#define READ_PAGES	16

/* A kernel fault can't wait; the task does before it returns. */
static void read_when_full(struct child *self, void *arg)
{
	char *mem = mem_anon(READ_PAGES);
	ssize_t len = READ_PAGES * page_size();

	child_oom_adj(OOM_SPARED);
	child_sync(self);
	require(read(*(int *)arg, mem, len) == len, "read: %s",
		strerror(errno));
	child_sync(self);
}

static void start_reader(struct child *child, const char *c)
{
	static int fd;
	long limit;

	fs_mount("tmpfs", NULL);
	fd = fs_file("file", READ_PAGES, 0);
	require(!lseek(fd, 0, SEEK_SET), "lseek: %s", strerror(errno));
	child_start(child, c, read_when_full, &fd);
	limit = container_usage(c);
	container_set_pages(c, "rss_limit", limit);
	child_go(child);
	require(wait_for(container_usage(c) == limit + READ_PAGES &&
			 child_is_asleep(child)), "usage %ld, limit %ld",
		container_usage(c), limit);
	require(child_poll(child, 0) == CHILD_RUNS, "it does not wait");
}

/* A waiting task can be stopped, as by a debugger, and then waits on. */
static void test_stop(void)
{
	char *c = oom_container();
	struct child child;

	start_reader(&child, c);
	kill(child.pid, SIGSTOP);
	require(wait_for(proc_state(child.pid) == 'T'), "state %c",
		proc_state(child.pid));
	kill(child.pid, SIGCONT);
	require(wait_for(child_is_asleep(&child)), "state %c",
		proc_state(child.pid));
	require(child_poll(&child, 0) == CHILD_RUNS, "it does not wait");
	container_set(c, "rss_limit", "max");
	require(child_wait(&child) == CHILD_SYNCED, "it was killed");
	child_finish(&child);
}

static void test_moved_away(void)
{
	char *c = oom_container(), *other = container_new(NULL, "other");
	struct child child;

	start_reader(&child, c);
	container_move(other, child.pid);
	require(child_wait(&child) == CHILD_SYNCED, "it was killed");
	child_finish(&child);
}

/* A second waiting task is not logged. */
static void test_log(void)
{
	struct child first, second;
	char *c = oom_container();
	struct kmsg log;
	int lines;

	kmsg_open(&log);
	child_start(&first, c, child_filler, &spared_filler);
	child_start(&second, c, child_filler, &spared_filler);
	child_go(&first);
	expect_waits(&first, c, 1);
	lines = kmsg_count(&log, container_path(c));
	require(lines > 0, "the log does not name %s", container_path(c));
	child_go(&second);
	expect_waits(&second, c, 2);
	require(wait_for(child_is_asleep(&first)),
		"the first does not wait any more");
	require(kmsg_count(&log, container_path(c)) == lines,
		"%d lines name %s, later %d", lines, container_path(c),
		kmsg_count(&log, container_path(c)));
}

/* Copies missing pages by userfaultfd(2) until there is no room. */
static void copy_until_full(int uffd, char *to, const char *from, size_t pages)
{
	ssize_t done = 1;
	size_t i;

	for (i = 0; i < pages && (done == 1 || done == -EEXIST); i++)
		done = uffd_copy(uffd, to + i * page_size(), from, 1);
	require(done == -ENOMEM, "copied %zu pages: %zd", i, done);
}

static void fill_by_copies(struct child *self, void *arg)
{
	char *to = mem_anon(TOO_MUCH), *from = mem_anon(1);
	int uffd = uffd_open(0);

	(void)arg;
	child_oom_adj(OOM_SPARED);
	mem_fill(from, 1, 0);
	uffd_register(uffd, to, TOO_MUCH, UFFDIO_REGISTER_MODE_MISSING);
	child_sync(self);
	copy_until_full(uffd, to, from, TOO_MUCH);
	child_sync(self);
	mem_advise(to, LIMIT / 2, MADV_DONTNEED);
	copy_until_full(uffd, to, from, TOO_MUCH);
	child_sync(self);
}

/* After there was room, it is logged again. */
static void test_log_again(void)
{
	char *c = oom_container();
	struct child child;
	struct kmsg log;
	int lines;

	kmsg_open(&log);
	child_start(&child, c, fill_by_copies, NULL);
	child_step(&child);
	lines = kmsg_count(&log, container_path(c));
	require(lines > 0, "the log does not name %s", container_path(c));
	child_step(&child);
	require(kmsg_count(&log, container_path(c)) > lines,
		"%d lines name %s, and no more later", lines,
		container_path(c));
	child_finish(&child);
}

/*
 * Many waiting tasks, above many containers, do not poll. Each checks once a
 * second whether it must wait, however slow the kernel is; ten times is too
 * often.
 */
#define WAITERS		100
#define CHILDREN	1000
#define OFTEN_SLEEPS	(4 * WATCH_MS / 1000)

static long sum_over(const struct child *children, int nr,
		     long (*fn)(pid_t pid))
{
	long sum = 0;
	int i;

	for (i = 0; i < nr; i++)
		sum += fn(children[i].pid);
	return sum;
}

static void expect_few(const struct child *waiters, int nr)
{
	long ticks = sum_over(waiters, nr, proc_ticks);
	long sleeps = sum_over(waiters, nr, proc_sleeps);

	usleep(1000 * WATCH_MS);
	ticks = sum_over(waiters, nr, proc_ticks) - ticks;
	sleeps = sum_over(waiters, nr, proc_sleeps) - sleeps;
	ksft_print_msg("%d wait: %ld ticks of CPU time, asleep %ld times\n",
		       nr, ticks, sleeps);
	require(ticks < few_ticks(),
		"%ld ticks of CPU time while %d wait", ticks, nr);
	require(sleeps < nr * OFTEN_SLEEPS, "asleep %ld times while %d wait",
		sleeps, nr);
}

static void test_many_wait(void)
{
	struct filler filler = { .pages = 2, .spared = true };
	int nr = clock_affordable(WAITERS), i;
	struct child holder, waiters[WAITERS];
	char *c = oom_container(), *leaf;

	/* On v2 a container with children has no tasks. */
	leaf = container_new(c, "leaf");
	container_new_several(c, clock_affordable(CHILDREN));
	child_start(&holder, leaf, child_filler, &spared_filler);
	child_go(&holder);
	expect_waits(&holder, c, 1);
	for (i = 0; i < nr; i++) {
		child_start(&waiters[i], NULL, child_filler, &filler);
		container_move(leaf, waiters[i].pid);
		child_go(&waiters[i]);
	}
	for (i = 0; i < nr; i++)
		require(wait_for(child_is_asleep(&waiters[i])),
			"child %d does not wait", i);
	expect_few(waiters, nr);
	container_set(c, "rss_limit", "max");
	for (i = 0; i < nr; i++)
		end_filler(&waiters[i]);
	end_filler(&holder);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_raise),
		T(test_kill),
		T(test_free),
		T(test_stop),
		T(test_moved_away),
		T(test_log),
		T(test_log_again),
		T(test_many_wait),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
