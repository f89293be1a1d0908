// SPDX-License-Identifier: GPL-2.0
/*
 * Lowering rss_limit below the usage: 0 with the new limit in force, or
 * EBUSY or EINTR with the old one.  No task is killed.
 *
 * A child has FILLED pages and what it needs to run; HALF of that is enough
 * for it to run.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "hierarchy.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define FILLED		2048
#define HALF		(FILLED / 2)
#define OLD_LIMIT	(2 * FILLED)

static char *filled_container(struct child *child, struct filler *filler)
{
	char *c = container_new(NULL, "lowered");

	container_set_pages(c, "rss_limit", OLD_LIMIT);
	child_start(child, c, child_filler, filler);
	child_step(child);
	return c;
}

static int lower(const char *c, long limit)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", limit);
	return cg_write(c, "rss_limit", text);
}

static void expect_busy(const char *c, long limit)
{
	int err = lower(c, limit);

	require(err == -EBUSY, "lowering to %ld returned %d, not EBUSY", limit,
		err);
	require(container_get(c, "rss_limit") == OLD_LIMIT,
		"the limit is %ld after EBUSY", container_get(c, "rss_limit"));
}

/* The child has all it had, and can have it under the limit. */
static void let_end(struct child *child)
{
	child_step(child);
	child_finish(child);
}

static void test_swap(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;
	int err;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	err = lower(c, HALF);
	require(!err, "lowering: %s", strerror(-err));
	require(container_get(c, "rss_limit") == HALF, "the limit is %ld",
		container_get(c, "rss_limit"));
	require(container_usage(c) <= HALF, "usage %ld", container_usage(c));
	require(container_get(c, "rss_reclaimed") >= FILLED - HALF,
		"reclaimed only %ld", container_get(c, "rss_reclaimed"));
	let_end(&child);
}

static void test_above_usage(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	long usage;
	char *c;

	c = filled_container(&child, &filler);
	usage = container_usage(c);
	container_set_pages(c, "rss_limit", usage);
	container_set(c, "rss_limit", "max");
	require(container_usage(c) == usage &&
		container_get(c, "rss_reclaimed") == 0,
		"usage fell from %ld to %ld under no pressure", usage,
		container_usage(c));
	let_end(&child);
}

static void test_no_swap(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;

	swap_none();
	c = filled_container(&child, &filler);
	expect_busy(c, HALF);
	expect_busy(c, 0);
	require(container_usage(c) >= FILLED, "usage %ld", container_usage(c));
	let_end(&child);
}

static void test_locked(void)
{
	struct filler filler = { .pages = FILLED, .locked = true };
	struct child child;
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	expect_busy(c, HALF);
	require(container_usage(c) >= FILLED, "usage %ld", container_usage(c));
	let_end(&child);
}

static void ignore(int sig)
{
	(void)sig;
}

/*
 * The time between the start of the write and the signal grows from round to
 * round; before a round that was too late, the child gets its pages back.
 */
#define ROUNDS		100
#define STEP_NSEC	50000
#define LARGE		(8 * FILLED)

static void refill(struct child *self, void *arg)
{
	char *mem = mem_anon(LARGE);

	(void)arg;
	for (;;) {
		mem_fill(mem, LARGE, 0);
		child_sync(self);
	}
}

static timer_t make_timer(void)
{
	const struct sigaction action = { .sa_handler = ignore };
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	timer_t timer;

	require(!sigaction(SIGUSR1, &action, NULL) &&
		!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer: %s",
		strerror(errno));
	return timer;
}

static int lower_with_signal(const char *c, timer_t timer, long delay)
{
	const struct itimerspec off = { 0 };
	struct itimerspec on = { .it_value.tv_nsec = delay };
	int err;

	timer_settime(timer, 0, &on, NULL);
	err = lower(c, HALF);
	timer_settime(timer, 0, &off, NULL);
	return err;
}

static void test_signal(void)
{
	timer_t timer = make_timer();
	struct child child;
	int round, err;
	char *c;

	swap_on(2 * LARGE);
	c = container_new(NULL, "lowered");
	child_start(&child, c, refill, NULL);
	for (round = 0; round < ROUNDS; round++) {
		container_set(c, "rss_limit", "max");
		child_step(&child);
		err = lower_with_signal(c, timer, 1 + round * STEP_NSEC);
		require(!err || err == -EINTR, "lowering: %s", strerror(-err));
		if (!err)
			continue;
		require(container_get(c, "rss_limit") == NO_LIMIT,
			"the limit is %ld after EINTR",
			container_get(c, "rss_limit"));
		return;
	}
	skip_case("no signal hit the write");
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_swap),
		T(test_above_usage),
		T(test_no_swap),
		T(test_locked),
		T(test_signal),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
