// SPDX-License-Identifier: GPL-2.0
/*
 * Several processes cross a watermark at once: each crossing is counted, none
 * is invented, and a task that waits for them misses none.
 *
 * The CHILDREN have LOW pages each, and up to HIGH; the watermark is half way
 * for those that go up.
 */
#include <sys/mman.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "events.h"
#include "mem.h"
#include "runner.h"
#include "sizer.h"
#include "suites.h"

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

/*
 * One process maps a page while another one unmaps a page, with usage right at
 * a watermark or just above it. Whatever the order, usage is the same
 * afterwards, and must decide what follows: a crossing is an event, a charge
 * above the watermark is not.
 *
 * An event missed there would be missed for good by a task that sleeps until
 * usage is too high.
 *
 * Both spin on CPUs of their own, to meet within a µs. From round to round,
 * the mapper starts slightly later.
 */

/* Whichever comes first: an emulator may be slow to run both CPUs. */
#define RACE_ROUNDS	4000
#define RACE_SECONDS	20
#define DELAYS		200
#define DELAY_LOOPS	100

/* Shared by all. */
struct race {
	char *container;
	int turn;		/* odd: unmap, even: map again */
	int done;		/* the last turn taken */
	bool above;		/* one page above the watermark at the start */
	int rounds;		/* taken */
	long met;		/* rounds that crossed it while they raced */
	long wrong;		/* rounds that ended with another state */
};

static void drop(char *page)
{
	madvise(page, page_size(), MADV_DONTNEED);
}

static void unmapper(struct child *self, void *arg)
{
	struct race *race = arg;
	char *page = mem_anon(1);
	int turn = 0;

	cpu_run_on(1);
	mem_fill(page, 1, 0);
	child_sync(self);
	for (;;) {
		while (__atomic_load_n(&race->turn, __ATOMIC_ACQUIRE) == turn)
			;
		turn++;
		if (turn & 1)
			drop(page);
		else
			mem_fill(page, 1, 0);
		__atomic_store_n(&race->done, turn, __ATOMIC_RELEASE);
	}
}

static void start_turn(struct race *race)
{
	__atomic_store_n(&race->turn, race->turn + 1, __ATOMIC_RELEASE);
}

static void end_turn(struct race *race)
{
	while (__atomic_load_n(&race->done, __ATOMIC_ACQUIRE) != race->turn)
		;
}

static void delay(int loops)
{
	while (loops--)
		asm volatile("" : : : "memory");
}

static void race_once(struct race *race, char *pages, int loops)
{
	long before = events_get(race->container, EVENT_WATERMARK), now;

	start_turn(race);
	delay(loops);
	mem_fill(pages, 1, 0);
	end_turn(race);
	now = events_get(race->container, EVENT_WATERMARK);
	race->met += now - before;

	before = now;
	mem_fill(pages + page_size(), 1, 0);
	now = events_get(race->container, EVENT_WATERMARK);
	race->wrong += now - before != !race->above;

	/* One page below the watermark, or at it; then back to the start. */
	drop(pages);
	drop(pages + page_size());
	start_turn(race);
	end_turn(race);
}

static void mapper(struct child *self, void *arg)
{
	struct race *race = arg;
	char *pages = mem_anon(2);
	time_t end = time(NULL) + RACE_SECONDS;
	int *round = &race->rounds;

	cpu_run_on(0);
	/* Once for the pages that it touches by itself. */
	race_once(race, pages, 0);
	race->met = 0;
	race->wrong = 0;
	child_sync(self);
	for (; *round < RACE_ROUNDS && time(NULL) < end; (*round)++)
		race_once(race, pages, *round % DELAYS * DELAY_LOOPS);
	child_sync(self);
}

static void run_race(bool above)
{
	struct race *race = (struct race *)mem_shared(1);
	struct child children[2];
	char *c;

	c = container_new(NULL, "race");
	race->container = c;
	race->above = above;
	child_start(&children[0], c, unmapper, race);
	child_go(&children[0]);
	child_start(&children[1], c, mapper, race);
	container_set_pages(c, "rss_watermark", container_usage(c) - above);
	child_step(&children[1]);
	ksft_print_msg("%d rounds, %ld crossings while they raced\n",
		       race->rounds, race->met);
	require(race->met > 0 && race->met < race->rounds,
		"they do not meet");
	require(!race->wrong, "%ld rounds of %d left a wrong state",
		race->wrong, race->rounds);
}

static void test_race_at(void)
{
	run_race(false);
}

static void test_race_above(void)
{
	run_race(true);
}

static const struct rss_case cases[] = {
	T(test_together),
	T(test_together_below),
	T(test_swings_poll),
	T(test_swings_inotify),
	T(test_swings_below),
	T(test_race_at),
	T(test_race_above),
};

const struct rss_suite watermark_load = {
	"load", cases, ARRAY_SIZE(cases), .v1_only = true
};
