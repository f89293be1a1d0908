// SPDX-License-Identifier: GPL-2.0
/*
 * Several processes cross a watermark at once: each crossing is counted, none
 * is invented, and a task that waits for them misses none.
 *
 * The CHILDREN have LOW pages each, and up to HIGH; the watermark is half way
 * for those that go up.
 */
#include <stdio.h>

#include "child.h"
#include "container.h"
#include "events.h"
#include "hierarchy.h"
#include "runner.h"
#include "sizer.h"

#define CHILDREN	4
#define LOW		100
#define HIGH		600
#define ROUNDS		20

struct scene {
	char *c;		/* the one with the watermark */
	struct sizer sizers[CHILDREN];
	long low;		/* usage when all are low */
	long mark;
};

static void order_all(struct scene *s, struct sizer_order order)
{
	int i;

	for (i = 0; i < CHILDREN; i++)
		sizer_go(&s->sizers[i], order);
}

static void wait_all(struct scene *s)
{
	int i;

	for (i = 0; i < CHILDREN; i++)
		sizer_wait(&s->sizers[i]);
}

static void set_all(struct scene *s, size_t pages)
{
	order_all(s, (struct sizer_order){ .pages = pages });
	wait_all(s);
}

static void set_mark(struct scene *s, long mark)
{
	s->mark = mark;
	container_set_pages(s->c, "rss_watermark", mark);
}

/* In one container, or in @containers below the one with the watermark. */
static void make_scene(struct scene *s, int containers)
{
	char **homes;
	int i;

	s->c = container_new(NULL, "load");
	homes = container_new_several(s->c, containers);
	for (i = 0; i < CHILDREN; i++)
		sizer_start(&s->sizers[i],
			    containers ? homes[i % containers] : s->c, HIGH);
	set_all(s, LOW);
	s->low = container_usage(s->c);
	set_mark(s, s->low + CHILDREN * (HIGH - LOW) / 2);
}

static long crossings(struct scene *s)
{
	return events_get(s->c, EVENT_WATERMARK);
}

/* None goes down while they go up: they cross it once. */
static void go_up_together(int containers)
{
	struct scene s;
	int round;

	make_scene(&s, containers);
	for (round = 0; round < ROUNDS; round++) {
		require(crossings(&s) == round, "%ld crossings before round %d",
			crossings(&s), round);
		set_all(&s, HIGH);
		require(crossings(&s) == round + 1,
			"%ld crossings when round %d is up", crossings(&s),
			round);
		set_all(&s, LOW);
	}
	require(crossings(&s) == ROUNDS, "%ld crossings in the end",
		crossings(&s));
}

static void test_together(void)
{
	go_up_together(0);
}

static void test_together_below(void)
{
	go_up_together(2);
}

/* At rest, and low, the crossing is at the exact page. */
static void check_exact(struct scene *s)
{
	long before = crossings(s);
	long to_mark = LOW + s->mark - container_usage(s->c);

	require(to_mark > LOW && to_mark < HIGH, "%ld pages to go", to_mark);
	sizer_set(&s->sizers[0], to_mark);
	require(container_usage(s->c) == s->mark && crossings(s) == before,
		"usage %ld, %ld crossings more at the watermark",
		container_usage(s->c), crossings(s) - before);
	sizer_set(&s->sizers[0], to_mark + 1);
	require(crossings(s) == before + 1,
		"%ld crossings more one page above the watermark",
		crossings(s) - before);
}

static bool all_done(struct scene *s)
{
	int i, running = 0;

	for (i = 0; i < CHILDREN; i++)
		running += child_poll(&s->sizers[i].child, 0) == CHILD_RUNS;
	return !running;
}

/*
 * The first alone crosses it each time that it goes up, whatever the others do
 * meanwhile. They cross it, too, while the first is near it. Any crossing
 * takes a page that is mapped.
 */
#define SWINGS		50
#define OTHER_SWINGS	(5 * SWINGS)
#define OTHER_HIGH	(LOW + (HIGH - LOW) / (2 * CHILDREN))
#define MOST_CROSSINGS	(SWINGS * (HIGH - LOW) + \
			 (CHILDREN - 1) * OTHER_SWINGS * (OTHER_HIGH - LOW))

static void order_swings(struct scene *s)
{
	int i;

	sizer_go(&s->sizers[0], (struct sizer_order){ LOW, HIGH, SWINGS });
	for (i = 1; i < CHILDREN; i++)
		sizer_go(&s->sizers[i], (struct sizer_order){
			LOW, OTHER_HIGH, OTHER_SWINGS });
}

static void check_watch(struct watch *watch, long counted)
{
	ksft_print_msg("%ld crossings, %ld wake-ups\n", counted,
		       watch->wakeups);
	require(watch->seen.count[EVENT_WATERMARK] == counted,
		"saw %ld crossings of %ld", watch->seen.count[EVENT_WATERMARK],
		counted);
	require(watch->wakeups > 0 && watch->wakeups <= counted,
		"%ld wake-ups for %ld crossings", watch->wakeups, counted);
}

static void go_up_and_down(int containers, enum watch_way way)
{
	struct watch watch;
	struct scene s;

	make_scene(&s, containers);
	set_mark(&s, s.low + (HIGH - LOW) / 2 +
		     (CHILDREN - 1) * (OTHER_HIGH - LOW) / 2);
	watch_open(&watch, s.c, way);
	order_swings(&s);
	while (!all_done(&s))
		watch_sleep(&watch, 1);
	/* The last event is reported some ms later. */
	while (watch_sleep(&watch, 500))
		;
	check_watch(&watch, crossings(&s));
	require(crossings(&s) >= SWINGS && crossings(&s) <= MOST_CROSSINGS,
		"%ld crossings are not %d to %d", crossings(&s), SWINGS,
		MOST_CROSSINGS);
	require(container_usage(s.c) == s.low, "usage %ld, not %ld",
		container_usage(s.c), s.low);
	check_exact(&s);
}

static void test_swings_poll(void)
{
	go_up_and_down(0, WATCH_POLL);
}

static void test_swings_inotify(void)
{
	go_up_and_down(0, WATCH_INOTIFY);
}

static void test_swings_below(void)
{
	go_up_and_down(2, WATCH_POLL);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_together),
		T(test_together_below),
		T(test_swings_poll),
		T(test_swings_inotify),
		T(test_swings_below),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
