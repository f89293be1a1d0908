// SPDX-License-Identifier: GPL-2.0
/*
 * An mm without tasks, because a reader of /proc/PID/mem still holds it, is
 * written to. It stays in its last container: what is mapped is charged there,
 * and meets its limit. It does not pin a removed container; it then belongs to
 * the parent.
 *
 * The read blocks because the page that it copies to is missing; a userfaultfd
 * decides when it appears.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "events.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "suites.h"
#include "swap.h"
#include "uffd.h"

#define FEW		300
#define N		1000
#define LIMIT		2000
#define TOO_MUCH	(10 * LIMIT)
#define NOBODY		65534

struct victim {
	char **mem;		/* where its memory is; set by itself */
	size_t pages;
	int fd;			/* its /proc/PID/mem */
	int uffd;
	char *missing;		/* the page that the mm's holder waits for */
	pthread_t keeper;
};

static void *keep(void *arg)
{
	const struct victim *victim = arg;

	require(pread(victim->fd, victim->missing, page_size(),
		      (uintptr_t)*victim->mem) == (ssize_t)page_size(),
		"reading a process: %s", strerror(errno));
	return NULL;
}

static void prepare(struct victim *victim, size_t pages)
{
	victim->mem = (char **)mem_shared(1);
	*victim->mem = NULL;
	victim->pages = pages;
	victim->missing = mem_anon(1);
	victim->uffd = uffd_open(0);
	uffd_register(victim->uffd, victim->missing, 1,
		      UFFDIO_REGISTER_MODE_MISSING);
}

/* From now on the mm of a process outlives it, until let_go(). */
static void keep_mm(struct victim *victim, pid_t pid)
{
	struct pollfd poller = { .fd = victim->uffd, .events = POLLIN };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	victim->fd = open(path, O_RDWR | O_CLOEXEC);
	require(victim->fd >= 0, "%s: %s", path, strerror(errno));
	require(!pthread_create(&victim->keeper, NULL, keep, victim),
		"no thread");
	require(poll(&poller, 1, WAIT_SECONDS * 1000) == 1,
		"the read does not stand still");
}

static void let_go(struct victim *victim)
{
	require(uffd_zero(victim->uffd, victim->missing, 1) == 1,
		"UFFDIO_ZEROPAGE: %s", strerror(errno));
	pthread_join(victim->keeper, NULL);
	close(victim->fd);
}

/* Touches pages of the mm, which no task could. */
static void write_to(const struct victim *victim, size_t first, size_t pages)
{
	size_t i;

	for (i = first; i < first + pages; i++)
		require(pwrite(victim->fd, &i, sizeof(i),
			       (uintptr_t)*victim->mem + i * page_size()) ==
			sizeof(i), "writing page %zu: %s", i, strerror(errno));
}

static void touch_few(struct child *self, void *arg)
{
	const struct victim *victim = arg;

	*victim->mem = mem_anon(victim->pages);
	mem_fill(*victim->mem, FEW, 0);
	child_sync(self);
}

/* An mm without tasks in a container that is still charged for it */
static void orphan(struct victim *victim, const char *container)
{
	struct child child;
	long usage;

	prepare(victim, FEW + 2 * N);
	child_start(&child, container, touch_few, victim);
	keep_mm(victim, child.pid);
	usage = container_usage(container);
	require(usage >= FEW, "usage %ld", usage);
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	require(container_usage(container) == usage,
		"usage went from %ld to %ld with its last task", usage,
		container_usage(container));
	write_to(victim, FEW, N);
	require(container_usage(container) == usage + N,
		"%d pages made %ld of usage %ld", N,
		container_usage(container), usage);
}

static void expect_none_dead(void)
{
	require(wait_for(!container_dead()), "%ld dead containers stay behind",
		container_dead());
}

static void test_charged(void)
{
	char *c = container_new(NULL, "last");
	struct victim victim;

	orphan(&victim, c);
	let_go(&victim);
	require(wait_for(!container_usage(c)), "usage %ld stays",
		container_usage(c));
}

/* Up to the nearest level that is left; no dead container stays behind. */
static void test_removed(void)
{
	char *top = container_new(NULL, "top");
	char *middle = container_new(top, "middle");
	char *last = container_new(middle, "last");
	struct victim victim;
	long usage;

	orphan(&victim, last);
	usage = container_usage(top);
	container_remove(last);
	container_remove(middle);
	expect_none_dead();
	require(container_usage(top) == usage, "usage went from %ld to %ld",
		usage, container_usage(top));
	write_to(&victim, FEW + N, N);
	require(container_usage(top) == usage + N,
		"%d pages made %ld of usage %ld", N, container_usage(top),
		usage);
	let_go(&victim);
	require(wait_for(!container_usage(top)), "usage %ld stays",
		container_usage(top));
}

static void test_removed_top(void)
{
	char *c = container_new(NULL, "last");
	struct victim victim;

	orphan(&victim, c);
	container_remove(c);
	expect_none_dead();
	write_to(&victim, FEW + N, N);
	let_go(&victim);
}

/* Unprivileged; what drops privileges takes these along. */
static void become_nobody(void)
{
	require(!setgid(NOBODY) && !setuid(NOBODY), "setuid: %s",
		strerror(errno));
	prctl(PR_SET_DUMPABLE, 1);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static void write_past_limit(struct child *self, void *arg)
{
	struct victim victim;
	struct child child;

	(void)arg;
	prepare(&victim, TOO_MUCH);
	become_nobody();
	child_fork(&child, touch_few, &victim);
	keep_mm(&victim, child.pid);
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	child_sync(self);
	write_to(&victim, 0, TOO_MUCH);
	child_sync(self);
}

/* A task that fills its orphan is killed like one that fills itself. */
static void test_limit(void)
{
	struct child child;
	char *c;
	long most;

	swap_none();
	c = limited_container("limited", LIMIT);
	child_start(&child, c, write_past_limit, NULL);
	child_go(&child);
	child_expect_killed(&child);
	most = container_get(c, "rss_max_usage");
	require(most <= (long)(LIMIT + 2 * fault_around_pages()),
		"usage %ld under a limit of %d", most, LIMIT);
	require(events_get(c, EVENT_OOM_KILL) == 1, "oom_kill %ld",
		events_get(c, EVENT_OOM_KILL));
	require(wait_for(!container_usage(c)), "usage %ld stays",
		container_usage(c));
}

static const struct rss_case cases[] = {
	T(test_charged),
	T(test_removed),
	T(test_removed_top),
	T(test_limit),
};

const struct rss_suite ownerless = {
	"ownerless", cases, ARRAY_SIZE(cases)
};
