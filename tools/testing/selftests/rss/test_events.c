// SPDX-License-Identifier: GPL-2.0
/*
 * rss_events: what is counted where, and that poll() and inotify report each
 * kind of event and nothing else.
 *
 * Without swap: at its limit, a container that fills anonymous memory meets
 * the OOM killer; shared memory is reclaimed by unmapping it.
 */
#include <signal.h>
#include <stdio.h>

#include "child.h"
#include "container.h"
#include "events.h"
#include "hierarchy.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "sizer.h"
#include "swap.h"

#define LIMIT		1024
#define TOO_MUCH	(4 * LIMIT)
/* Time to wait for events that must not happen. */
#define QUIET_MS	300

static void test_keys(void)
{
	char *c = container_new(NULL, "keys");

	events_expect(c, (struct events){ });
}

/* Fills shared memory up to a limit and well beyond. */
static void fill_shared(struct child *self, void *arg)
{
	char *mem = mem_shared(TOO_MUCH);

	(void)arg;
	child_sync(self);
	mem_fill(mem, TOO_MUCH, 0);
	mem_verify(mem, TOO_MUCH, 0);
	child_sync(self);
}

static void cause_watermark(const char *c)
{
	struct sizer sizer;

	sizer_start(&sizer, c, 1);
	container_set_pages(c, "rss_watermark", container_usage(c));
	sizer_set(&sizer, 1);
}

static void cause_limit(const char *c)
{
	struct child child;

	container_set_pages(c, "rss_limit", LIMIT);
	child_start(&child, c, fill_shared, NULL);
	child_step(&child);
}

static void cause_oom(const char *c)
{
	struct filler filler = { .pages = TOO_MUCH };
	struct child child;

	container_set_pages(c, "rss_limit", LIMIT);
	child_start(&child, c, child_filler, &filler);
	child_go(&child);
	child_expect_killed(&child);
}

/*
 * The watcher knows only what it has read after wake-ups: the last change of a
 * burst must also wake it.
 */
static void watch_cause(void (*cause)(const char *c), enum event event)
{
	char *c = container_new(NULL, "watched");
	struct watch watches[NR_WATCH_WAYS];
	enum watch_way way;

	swap_none();
	for (way = 0; way < NR_WATCH_WAYS; way++) {
		watch_open(&watches[way], c, way);
		watch_quiet(&watches[way], QUIET_MS);
	}
	cause(c);
	require(events_get(c, event) > 0, "no event %d", event);
	for (way = 0; way < NR_WATCH_WAYS; way++) {
		watch_until(&watches[way], event, events_get(c, event));
		while (watch_sleep(&watches[way], QUIET_MS))
			;
		events_expect(c, watches[way].seen);
	}
}

static void test_wake_watermark(void)
{
	watch_cause(cause_watermark, EVENT_WATERMARK);
}

static void test_wake_limit(void)
{
	watch_cause(cause_limit, EVENT_LIMIT);
}

static void test_wake_oom(void)
{
	watch_cause(cause_oom, EVENT_OOM);
}

/* The limit is the parent's: the victim's container sees the kill only. */
static void test_wake_oom_kill(void)
{
	const struct events kill = { { [EVENT_OOM_KILL] = 1 } };
	struct filler filler = { .pages = TOO_MUCH };
	struct watch watches[NR_WATCH_WAYS];
	struct child child;
	enum watch_way way;
	char *c, *parent;

	swap_none();
	parent = limited_container("parent", LIMIT);
	c = container_new(parent, "victim");
	for (way = 0; way < NR_WATCH_WAYS; way++)
		watch_open(&watches[way], c, way);
	child_start(&child, c, child_filler, &filler);
	child_go(&child);
	child_expect_killed(&child);
	for (way = 0; way < NR_WATCH_WAYS; way++)
		watch_until(&watches[way], EVENT_OOM_KILL, 1);
	events_expect(c, kill);
}

/* Actions of a container that are no event, or another container's. */
static void test_no_wake(void)
{
	char *c = container_new(NULL, "watched");
	struct watch watches[NR_WATCH_WAYS];
	enum watch_way way;
	struct sizer sizer;
	int round;

	sizer_start(&sizer, c, LIMIT);
	container_set_pages(c, "rss_watermark", container_usage(c) + LIMIT);
	container_set_pages(c, "rss_limit", container_usage(c) + LIMIT);
	for (way = 0; way < NR_WATCH_WAYS; way++)
		watch_open(&watches[way], c, way);

	for (round = 0; round < 10; round++) {
		sizer_set(&sizer, LIMIT);
		events_expect(c, (struct events){ });
		sizer_set(&sizer, 0);
	}
	container_set(c, "rss_watermark", "1");
	container_set(c, "rss_limit", "max");
	container_set(c, "rss_failcnt", "0");
	container_set(c, "rss_max_usage", "0");
	cause_watermark(container_new(NULL, "other"));
	cause_watermark(container_new(c, "not_yet"));
	events_expect(c, (struct events){ { [EVENT_WATERMARK] = 1 } });
	for (way = 0; way < NR_WATCH_WAYS; way++) {
		watch_until(&watches[way], EVENT_WATERMARK, 1);
		require(watches[way].wakeups == 1, "%ld wake-ups, 1 event",
			watches[way].wakeups);
		watch_quiet(&watches[way], QUIET_MS);
	}
}

static void cross(struct sizer *sizer, const char *c, int times)
{
	size_t pages = sizer->most;

	container_set_pages(c, "rss_watermark", container_usage(c));
	while (times--) {
		sizer_set(sizer, pages);
		sizer_set(sizer, 0);
	}
	container_set(c, "rss_watermark", "max");
}

/* Events in a container count there and above. */
static void test_sums(void)
{
	char *a = container_new(NULL, "a");
	char *b = container_new(a, "b"), *c = container_new(b, "c");
	char *other = container_new(a, "other");
	struct sizer in_b, in_c, in_other;

	sizer_start(&in_b, b, 10);
	sizer_start(&in_c, c, 10);
	sizer_start(&in_other, other, 10);
	cross(&in_c, c, 2);
	cross(&in_b, b, 3);
	cross(&in_other, other, 4);
	events_expect(c, (struct events){ { [EVENT_WATERMARK] = 2 } });
	events_expect(b, (struct events){ { [EVENT_WATERMARK] = 5 } });
	events_expect(other, (struct events){ { [EVENT_WATERMARK] = 4 } });
	events_expect(a, (struct events){ { [EVENT_WATERMARK] = 9 } });

	/* The events of a removed container still count. */
	kill(in_other.child.pid, SIGKILL);
	child_expect_killed(&in_other.child);
	container_remove(other);
	events_expect(a, (struct events){ { [EVENT_WATERMARK] = 9 } });
}

/*
 * One child meets the parent's limit; the victim is in the other, which is
 * larger.
 */
static void test_victim(void)
{
	struct filler big = { .pages = LIMIT * 5 / 8 };
	struct filler small = { .pages = LIMIT / 2 };
	char *top = container_new(NULL, "top"), *parent, *c, *other;
	struct child large, little;
	struct events events;

	swap_none();
	parent = container_new(top, "parent");
	container_set_pages(parent, "rss_limit", LIMIT);
	c = container_new(parent, "little");
	other = container_new(parent, "large");
	child_start(&large, other, child_filler, &big);
	child_start(&little, c, child_filler, &small);
	child_step(&large);
	child_step(&little);
	child_expect_killed(&large);

	events_expect(c, (struct events){ });
	events_expect(other, (struct events){ { [EVENT_OOM_KILL] = 1 } });
	events = events_read(parent);
	require(events.count[EVENT_OOM] == 1 &&
		events.count[EVENT_OOM_KILL] == 1 &&
		events.count[EVENT_LIMIT] > 0, "oom %ld, oom_kill %ld, limit %ld",
		events.count[EVENT_OOM], events.count[EVENT_OOM_KILL],
		events.count[EVENT_LIMIT]);
	events_expect(top, events);
}

/* Consecutive kills; kills by others do not count. */
static void test_kills(void)
{
	struct filler filler = { .pages = LIMIT / 4 };
	struct child child;
	int kills = 3, i;
	char *c;

	swap_none();
	c = limited_container("kills", LIMIT);
	for (i = 0; i < kills; i++)
		cause_oom(c);
	require(events_get(c, EVENT_OOM_KILL) == kills, "%ld kills, not %d",
		events_get(c, EVENT_OOM_KILL), kills);
	require(events_get(c, EVENT_OOM) == kills, "%ld times oom, not %d",
		events_get(c, EVENT_OOM), kills);

	child_start(&child, c, child_filler, &filler);
	kill(child.pid, SIGKILL);
	child_expect_killed(&child);
	require(events_get(c, EVENT_OOM_KILL) == kills, "kill() counts");
}

/*
 * "limit" is rss_failcnt of the container and its descendants, but is not
 * reset with it.
 */
static void test_failcnt(void)
{
	char *c = container_new(NULL, "failcnt"), *parent, *below;
	long failures;

	swap_none();
	cause_limit(c);
	failures = events_get(c, EVENT_LIMIT);
	require(failures > 0 && container_get(c, "rss_failcnt") == failures,
		"limit %ld, failcnt %ld", failures,
		container_get(c, "rss_failcnt"));
	events_expect(c, (struct events){ { [EVENT_LIMIT] = failures } });
	container_set(c, "rss_failcnt", "0");
	require(events_get(c, EVENT_LIMIT) == failures, "limit was reset, too");

	/* The lower one's limit is met first, then that of the upper one. */
	parent = container_new(NULL, "parent");
	below = container_new(parent, "below");
	cause_limit(below);
	container_set_pages(parent, "rss_limit", container_usage(below) / 2);
	cause_limit(below);
	require(container_get(parent, "rss_failcnt") > 0 &&
		container_get(below, "rss_failcnt") ==
		events_get(below, EVENT_LIMIT) &&
		container_get(parent, "rss_failcnt") +
		container_get(below, "rss_failcnt") ==
		events_get(parent, EVENT_LIMIT),
		"failcnt %ld and %ld below, limit %ld and %ld",
		container_get(parent, "rss_failcnt"),
		container_get(below, "rss_failcnt"),
		events_get(parent, EVENT_LIMIT),
		events_get(below, EVENT_LIMIT));
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_keys),
		T(test_wake_watermark),
		T(test_wake_limit),
		T(test_wake_oom),
		T(test_wake_oom_kill),
		T(test_no_wake),
		T(test_sums),
		T(test_victim),
		T(test_kills),
		T(test_failcnt),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
