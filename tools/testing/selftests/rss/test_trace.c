// SPDX-License-Identifier: GPL-2.0
/*
 * The controller's trace events: they name the right container, by the inode
 * number of its directory, and their numbers agree with the control files.
 */
#include <stdio.h>

#include "child.h"
#include "container.h"
#include "events.h"
#include "hierarchy.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "trace.h"

#define LIMIT		1024
#define TOO_MUCH	(2 * LIMIT)
#define MOST_PRIORITY	12	/* DEF_PRIORITY */

static void fill_shared(struct child *self, void *arg)
{
	char *mem = mem_shared(TOO_MUCH);

	(void)arg;
	child_sync(self);
	mem_fill(mem, TOO_MUCH, 0);
	child_sync(self);
}

/*
 * Checks all events of a name that report a level at its limit; returns their
 * number.
 */
static long check_at_limit(const char *name, const char *c, long limit)
{
	long nr = 0, usage, shown;
	unsigned long long id;
	const char *numbers;
	size_t at = 0;

	while ((numbers = trace_next(&at, name))) {
		require(sscanf(numbers, "container=%llu usage=%ld limit=%ld",
			       &id, &usage, &shown) == 3,
			"%s is not understood", name);
		require(id == trace_id(c), "%s: container %llu, not %llu", name,
			id, trace_id(c));
		require(shown == limit, "%s: limit %ld, not %ld", name, shown,
			limit);
		/* Others may have uncharged pages since. */
		require(usage > limit / 2 &&
			usage <= limit + (long)fault_around_pages(),
			"%s: usage %ld under a limit of %ld", name, usage,
			limit);
		nr++;
	}
	return nr;
}

struct reclaim {
	long begun;
	long wanted;		/* by the first */
	long ended;
	long reclaimed;		/* by all */
};

static struct reclaim check_reclaim(const char *c)
{
	struct reclaim sum = { };
	unsigned long long id;
	const char *numbers;
	size_t at = 0;
	int priority;
	long pages;

	while ((numbers = trace_next(&at, "rss_container_reclaim_begin"))) {
		require(sscanf(numbers, "container=%llu wanted=%ld", &id,
			       &pages) == 2, "begin is not understood");
		require(id == trace_id(c) && pages > 0,
			"begin: container %llu, not %llu, wanted %ld", id,
			trace_id(c), pages);
		if (!sum.begun++)
			sum.wanted = pages;
	}
	at = 0;
	while ((numbers = trace_next(&at, "rss_container_reclaim_end"))) {
		require(sscanf(numbers,
			       "container=%llu reclaimed=%ld priority=%d", &id,
			       &pages, &priority) == 3, "end is not understood");
		require(id == trace_id(c) && pages >= 0,
			"end: container %llu, not %llu, reclaimed %ld", id,
			trace_id(c), pages);
		require(priority >= 0 && priority <= MOST_PRIORITY,
			"end: priority %d", priority);
		sum.ended++;
		sum.reclaimed += pages;
	}
	return sum;
}

static void test_limit(void)
{
	struct reclaim sum;
	struct child child;
	long nr;
	char *c;

	swap_none();
	c = limited_container("limited", LIMIT);
	trace_start();
	child_start(&child, c, fill_shared, NULL);
	child_step(&child);
	nr = check_at_limit("rss_container_limit", c, LIMIT);
	require(nr > 0 && nr == container_get(c, "rss_failcnt"),
		"%ld failures traced, failcnt is %ld", nr,
		container_get(c, "rss_failcnt"));
	sum = check_reclaim(c);
	require(sum.begun >= nr && sum.begun == sum.ended,
		"%ld failures, reclaim began %ld times and ended %ld times", nr,
		sum.begun, sum.ended);
	require(sum.reclaimed > 0 &&
		sum.reclaimed == container_get(c, "rss_reclaimed"),
		"%ld reclaimed, rss_reclaimed is %ld", sum.reclaimed,
		container_get(c, "rss_reclaimed"));
	require(!check_at_limit("rss_container_oom", c, LIMIT), "an OOM");
	trace_stop();
}

/* The limit is the parent's, and so are the events. */
static void test_oom(void)
{
	struct filler filler = { .pages = TOO_MUCH };
	char *parent, *c;
	struct child child;
	long nr;

	swap_none();
	parent = limited_container("parent", LIMIT);
	c = container_new(parent, "victim");
	trace_start();
	child_start(&child, c, child_filler, &filler);
	child_go(&child);
	child_expect_killed(&child);
	nr = check_at_limit("rss_container_oom", parent, LIMIT);
	require(nr > 0 && nr == events_get(parent, EVENT_OOM),
		"%ld traced, rss_events says %ld", nr,
		events_get(parent, EVENT_OOM));
	nr = check_at_limit("rss_container_limit", parent, LIMIT);
	require(nr > 0 && nr == events_get(parent, EVENT_LIMIT),
		"%ld failures traced, rss_events says %ld", nr,
		events_get(parent, EVENT_LIMIT));
	check_reclaim(parent);
	trace_stop();
}

/* On request, no limit is met. */
#define FILLED	2048
#define HALF	(FILLED / 2)

static void test_shrink(void)
{
	struct filler filler = { .pages = FILLED };
	struct reclaim sum;
	struct child child;
	char *c, text[32];
	long usage;

	swap_on(2 * FILLED);
	c = limited_container("shrunk", 2 * FILLED);
	child_start(&child, c, child_filler, &filler);
	child_step(&child);
	usage = container_usage(c);
	trace_start();
	snprintf(text, sizeof(text), "%zu", HALF * page_size());
	container_set(c, "rss_shrink_in_bytes", text);
	sum = check_reclaim(c);
	require(sum.begun > 0 && sum.wanted <= usage - HALF &&
		sum.begun == sum.ended,
		"began %ld times, wanted %ld of %ld, ended %ld times",
		sum.begun, sum.wanted, usage - HALF, sum.ended);
	require(sum.reclaimed == container_get(c, "rss_reclaimed") &&
		sum.reclaimed >= usage - HALF,
		"%ld reclaimed, rss_reclaimed is %ld", sum.reclaimed,
		container_get(c, "rss_reclaimed"));
	require(!check_at_limit("rss_container_limit", c, 2 * FILLED) &&
		!events_get(c, EVENT_OOM), "a limit was met");
	trace_stop();
	child_step(&child);
	child_finish(&child);
}

/* The first to touch pages that the case has mapped for both. */
static void touch_shared(struct child *self, void *arg)
{
	child_sync(self);
	mem_fill(arg, LIMIT, 0);
	child_sync(self);
}

static void map_shared(struct child *self, void *arg)
{
	child_sync(self);
	mem_read(arg, LIMIT);
	child_sync(self);
}

/* The owner is removed; pages that others still map pass to the parent. */
static void test_reparent(void)
{
	char *parent = container_new(NULL, "parent");
	char *c = container_new(parent, "gone");
	unsigned long long id, to, gone = trace_id(c);
	struct child owner, other;
	char *mem = mem_shared(LIMIT);
	const char *numbers;
	size_t at = 0;
	long pages;

	child_start(&owner, c, touch_shared, mem);
	child_step(&owner);
	child_start(&other, parent, map_shared, mem);
	child_step(&other);
	child_finish(&owner);
	require(wait_for(container_usage(c) == LIMIT), "usage %ld, not %d",
		container_usage(c), LIMIT);

	trace_start();
	container_remove(c);
	/* The kernel may pass them on slightly later. */
	require(wait_for((numbers = trace_next(&at, "rss_container_reparent"))),
		"no reparenting");
	require(sscanf(numbers, "container=%llu parent=%llu pages=%ld", &id,
		       &to, &pages) == 3, "it is not understood");
	require(id == gone && to == trace_id(parent) && pages == LIMIT,
		"%ld pages of %llu went to %llu; not %d of %llu to %llu", pages,
		id, to, LIMIT, gone, trace_id(parent));
	trace_stop();
	child_finish(&other);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_limit),
		T(test_oom),
		T(test_shrink),
		T(test_reparent),
	};

	trace_init();
	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
