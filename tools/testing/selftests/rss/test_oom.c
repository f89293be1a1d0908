// SPDX-License-Identifier: GPL-2.0
/*
 * The OOM killer of a container, without swap: anonymous memory cannot be
 * reclaimed, so a fault at the limit kills. The victim is the task with the
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
#include "clock.h"
#include "container.h"
#include "cpu.h"
#include "fs.h"
#include "keys.h"
#include "kmsg.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "uffd.h"

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

/* One that fits. */
static void start_filler(struct child *child, const char *container,
			 struct filler *filler)
{
	child_start(child, container, child_filler, filler);
	child_step(child);
}

/* It has filled its memory, or will, and is not killed. */
static void end_filler(struct child *child)
{
	require(child_wait(child) == CHILD_SYNCED, "child %d was killed",
		child->pid);
	child_step(child);
	child_finish(child);
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
	start_filler(&outside, NULL, &larger);
	start_filler(&bystander, other, &larger);
	usage = container_usage(other);

	kill_there(c, &child);
	require(container_get(c, "rss_failcnt") > 0, "failcnt is 0");
	expect_empty(c);

	require(container_usage(other) == usage &&
		container_get(other, "rss_reclaimed") == 0 &&
		container_get(other, "rss_failcnt") == 0,
		"usage of the other container went from %ld to %ld", usage,
		container_usage(other));
	end_filler(&outside);
	end_filler(&bystander);
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

static void kill_one(bool spare_large)
{
	struct filler big = { .pages = BIG, .spared = spare_large };
	struct filler small = { .pages = SMALL };
	struct child large, little;
	char *c = oom_container();

	child_start(&large, c, child_filler, &big);
	child_start(&little, c, child_filler, &small);
	child_step(&large);
	child_go(&little);
	child_expect_killed(spare_large ? &little : &large);
	end_filler(spare_large ? &large : &little);
	expect_empty(c);
}

static void test_badness(void)
{
	kill_one(false);
}

static void test_spared(void)
{
	kill_one(true);
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
	end_filler(&little);
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

	start_filler(&outside, NULL, &larger);
	child_start(&child, c, fork_many, &filler);
	child_step(&child);
	require(container_get(c, "rss_failcnt") > 0, "failcnt is 0");
	child_finish(&child);
	end_filler(&outside);
	expect_empty(c);
}

/*
 * Nothing can be reclaimed or killed (all have oom_score_adj -1000): a task at
 * the limit sleeps until it is killed or moved, the limit is raised or memory
 * is freed. Meanwhile the limit holds: usage exceeds it at most by a page for
 * each waiting task, or by what one system call has touched. This is logged
 * once, and again only after there was room.
 */
#define TWICE		(2 * LIMIT)
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

static struct filler spared_filler = { .pages = TWICE, .spared = true };

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

static void test_wait_raise(void)
{
	char *c = oom_container();
	struct child child;

	start_waiter(&child, c);
	container_set_pages(c, "rss_limit", 2 * TWICE);
	end_filler(&child);
	require(container_get(c, "rss_max_usage") >= TWICE, "max_usage %ld",
		container_get(c, "rss_max_usage"));
	require(!container_usage(c), "usage %ld stays", container_usage(c));
	container_remove(c);
}

static void test_wait_kill(void)
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
static void test_wait_free(void)
{
	struct filler half = { .pages = LIMIT / 2, .spared = true };
	struct filler most = { .pages = LIMIT * 3 / 4, .spared = true };
	struct child first, second;
	char *c = oom_container();

	start_filler(&first, c, &half);
	child_start(&second, c, child_filler, &most);
	child_go(&second);
	expect_waits(&second, c, 1);
	end_filler(&first);
	end_filler(&second);
}

#define READ_PAGES	16

/* A kernel fault can't wait; the task does before it returns. */
static void read_file_when_full(struct child *self, void *arg)
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
	child_start(child, c, read_file_when_full, &fd);
	limit = container_usage(c);
	container_set_pages(c, "rss_limit", limit);
	child_go(child);
	require(wait_for(container_usage(c) == limit + READ_PAGES &&
			 child_is_asleep(child)), "usage %ld, limit %ld",
		container_usage(c), limit);
	require(child_poll(child, 0) == CHILD_RUNS, "it does not wait");
}

/* A waiting task can be stopped, as by a debugger, and then waits on. */
static void test_wait_stop(void)
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

static void test_wait_moved_away(void)
{
	char *c = oom_container(), *other = container_new(NULL, "other");
	struct child child;

	start_reader(&child, c);
	container_move(other, child.pid);
	require(child_wait(&child) == CHILD_SYNCED, "it was killed");
	child_finish(&child);
}

/* A second waiting task is not logged. */
static void test_wait_log(void)
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
	char *to = mem_anon(TWICE), *from = mem_anon(1);
	int uffd = uffd_open(0);

	(void)arg;
	child_oom_adj(OOM_SPARED);
	mem_fill(from, 1, 0);
	uffd_register(uffd, to, TWICE, UFFDIO_REGISTER_MODE_MISSING);
	child_sync(self);
	copy_until_full(uffd, to, from, TWICE);
	child_sync(self);
	mem_advise(to, LIMIT / 2, MADV_DONTNEED);
	copy_until_full(uffd, to, from, TWICE);
	child_sync(self);
}

/* After there was room, it is logged again. */
static void test_wait_log_again(void)
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

static void test_wait_many(void)
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
		T(test_wait_raise),
		T(test_wait_kill),
		T(test_wait_free),
		T(test_wait_stop),
		T(test_wait_moved_away),
		T(test_wait_log),
		T(test_wait_log_again),
		T(test_wait_many),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
