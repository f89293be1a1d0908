// SPDX-License-Identifier: GPL-2.0
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
#include <sys/mman.h>
#include <time.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "events.h"
#include "hierarchy.h"
#include "mem.h"
#include "runner.h"

/* Whichever comes first: an emulator may be slow to run both CPUs. */
#define ROUNDS		4000
#define SECONDS		20
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
	time_t end = time(NULL) + SECONDS;
	int *round = &race->rounds;

	cpu_run_on(0);
	/* Once for the pages that it touches by itself. */
	race_once(race, pages, 0);
	race->met = 0;
	race->wrong = 0;
	child_sync(self);
	for (; *round < ROUNDS && time(NULL) < end; (*round)++)
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

static void test_at(void)
{
	run_race(false);
}

static void test_above(void)
{
	run_race(true);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_at),
		T(test_above),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
