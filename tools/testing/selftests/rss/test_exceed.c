// SPDX-License-Identifier: GPL-2.0
/*
 * Faults that can't be held up may exceed the limit, but not far: those of the
 * kernel in a long read(2), also of a task that is being killed. And at the
 * exact limit, a fault that maps nothing costs no more than a fault.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define LIMIT		2000
#define READ_PAGES	40000

/*
 * A fault that exceeds the limit, and those that the system call may add, see
 * rss.rst
 */
#define MOST_EXCESS	(1 + 64)

/* What a CPU may have in stock, which rss_max_usage includes. */
#define STOCK		128

static long most_usage(void)
{
	return LIMIT + MOST_EXCESS + STOCK * sysconf(_SC_NPROCESSORS_ONLN);
}

struct reading {
	bool spared;
	ssize_t least;		/* pages that read() must return at least */
};

/* One read() of a sparse file into fresh memory. */
static void read_much(struct child *self, void *arg)
{
	const struct reading *reading = arg;
	size_t len = READ_PAGES * page_size();
	char *mem = mem_anon(READ_PAGES);
	int fd = memfd_create("sparse", 0);
	ssize_t done;

	require(fd >= 0 && !ftruncate(fd, len), "memfd: %s", strerror(errno));
	if (reading->spared)
		child_oom_adj(OOM_SPARED);
	child_sync(self);
	done = read(fd, mem, len);
	require(done >= reading->least * (ssize_t)page_size(), "read: %zd, %s",
		done, strerror(errno));
	child_sync(self);
}

static void expect_bounded(const char *c, long highest)
{
	long max_usage = container_get(c, "rss_max_usage");

	require(highest <= LIMIT + MOST_EXCESS, "usage came to %ld", highest);
	require(max_usage <= most_usage(), "max_usage %ld", max_usage);
}

static void test_victim_reads(void)
{
	struct reading reading = { 0 };
	struct child child;
	long highest;
	char *c;

	swap_none();
	c = limited_container("limited", LIMIT);
	child_start(&child, c, read_much, &reading);
	highest = child_watch(&child, 1, c);
	require(child.state == CHILD_KILLED, "it was not killed");
	expect_bounded(c, highest);
}

static void test_killed_reader(void)
{
	struct reading reading = { 0 };
	struct child child;
	char *c;

	swap_on(2 * READ_PAGES);
	c = limited_container("limited", LIMIT);
	child_start(&child, c, read_much, &reading);
	child_go(&child);
	require(wait_for(container_get(c, "rss_failcnt") > 0), "failcnt is 0");
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	expect_bounded(c, 0);
}

/* It gets what it has read so far, later. */
static void test_spared_reader(void)
{
	struct reading reading = { .spared = true, .least = LIMIT / 2 };
	struct child child;
	char *c;

	swap_none();
	c = limited_container("limited", LIMIT);
	child_start(&child, c, read_much, &reading);
	child_go(&child);
	require(wait_for(container_get(c, "rss_failcnt") > 0 &&
			 child_is_asleep(&child)), "it does not wait");
	require(holds_for(container_usage(c) <= LIMIT + MOST_EXCESS &&
			  child_poll(&child, 0) == CHILD_RUNS, 1000),
		"usage %ld, state %d", container_usage(c), child.state);
	expect_bounded(c, 0);
	container_set(c, "rss_limit", "max");
	require(child_wait(&child) == CHILD_SYNCED, "it was killed");
	child_finish(&child);
}

#define MANY		20000
#define ZERO_READS	200

static double time_of_zero_reads(void)
{
	char *mem = mem_anon(ZERO_READS);
	double start = clock_seconds();

	/* The zero page: mapped, but not counted. */
	mem_read(mem, ZERO_READS);
	return clock_seconds() - start;
}

struct times {
	double below;
	double at;
};

static void read_zero_pages(struct child *self, void *arg)
{
	struct times *times = arg;

	mem_fill(mem_anon(MANY), MANY, 0);
	child_sync(self);
	times->below = time_of_zero_reads();
	child_sync(self);
	times->at = time_of_zero_reads();
	child_sync(self);
}

/* It took 20000 times as long, and more in a larger container. */
#define MOST_TIMES	50

static void test_zero_page(void)
{
	struct times *times = (struct times *)mem_shared(1);
	char *c = container_new(NULL, "limited");
	struct child child;

	swap_none();
	/* The container must own only what can't be reclaimed. */
	*times = (struct times){ 0 };
	child_start(&child, c, read_zero_pages, times);
	child_step(&child);
	container_set_pages(c, "rss_limit", container_usage(c));
	child_step(&child);
	ksft_print_msg("%.1f us each below the limit, %.1f at it\n",
		       times->below * 1e6 / ZERO_READS,
		       times->at * 1e6 / ZERO_READS);
	require(times->at <= MOST_TIMES * times->below,
		"%.6f s below the limit, %.6f s at it", times->below,
		times->at);
	child_finish(&child);
}

/* Microseconds in which some task was stalled for memory. */
static long stalled(void)
{
	FILE *file = fopen("/proc/pressure/memory", "r");
	long us = -1;

	if (!file)
		skip_case("no PSI");
	if (fscanf(file, "some %*s %*s %*s total=%ld", &us) != 1)
		us = -1;
	fclose(file);
	require(us >= 0, "no total in /proc/pressure/memory");
	return us;
}

/* Reports a stall of 100 ms within a second */
static int stall_trigger(void)
{
	static const char trigger[] = "some 100000 1000000";
	int fd = open("/proc/pressure/memory", O_RDWR);

	if (fd < 0)
		skip_case("no PSI");
	require(write(fd, trigger, sizeof(trigger)) == sizeof(trigger),
		"the trigger: %s", strerror(errno));
	return fd;
}

#define WAIT_US		2000000

static void test_wait_is_stall(void)
{
	struct filler filler = { .pages = 2 * LIMIT, .spared = true };
	struct pollfd told = { .events = POLLPRI };
	struct child child;
	long before;
	char *c;

	swap_none();
	c = limited_container("limited", LIMIT);
	told.fd = stall_trigger();
	child_start(&child, c, child_filler, &filler);
	child_go(&child);
	require(wait_for(container_get(c, "rss_failcnt") > 0 &&
			 child_is_asleep(&child)), "it does not wait");
	before = stalled();
	usleep(WAIT_US);
	require(stalled() - before >= WAIT_US / 2,
		"stalled for %ld us while it waited %d", stalled() - before,
		WAIT_US);
	require(poll(&told, 1, WAIT_US / 1000) == 1 && told.revents == POLLPRI,
		"no word of the stall: %x", told.revents);
	container_set(c, "rss_limit", "max");
	require(child_wait(&child) == CHILD_SYNCED, "it was killed");
	child_step(&child);
	child_finish(&child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_victim_reads),
		T(test_killed_reader),
		T(test_spared_reader),
		T(test_zero_page),
		T(test_wait_is_stall),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
