// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a fault at the limit: depending on the number of containers, and
 * how many pages in use it may take from its task.
 */
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "clock.h"
#include "container.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

/* A file that is read repeatedly, long enough for the case to check. */
#define PASSING		3000
#define ROOM		1000
#define ROUNDS		12
#define SIBLINGS	2000

struct reader {
	int fd;
	double *seconds;	/* the quickest round; shared with the case */
};

static void read_rounds(struct child *self, void *arg)
{
	const struct reader *reader = arg;
	char *mem = mem_file(reader->fd, PASSING, MAP_SHARED);
	double best, start;
	int step, round;

	mem_advise(mem, PASSING, MADV_RANDOM);
	child_sync(self);
	for (step = 0; step < 2; step++) {
		mem_read(mem, PASSING);
		for (best = 0, round = 0; round < ROUNDS; round++) {
			start = clock_seconds();
			mem_read(mem, PASSING);
			if (!round || clock_seconds() - start < best)
				best = clock_seconds() - start;
		}
		*reader->seconds = best;
		child_sync(self);
	}
}

static void test_siblings(void)
{
	double *seconds = (double *)mem_shared(1), alone;
	struct reader reader = { .seconds = seconds };
	char *parent, *c;
	struct child child;

	swap_none();
	fs_mount("tmpfs", NULL);
	reader.fd = fs_file("file", PASSING, 0);
	parent = container_new(NULL, "parent");
	c = container_new(parent, "reader");
	child_start(&child, c, read_rounds, &reader);
	container_set_pages(parent, "rss_limit", container_usage(c) + ROOM);
	child_step(&child);
	alone = *seconds;
	container_new_several(parent, SIBLINGS);
	child_step(&child);
	ksft_print_msg("a fault: %.1f us, with %d empty siblings %.1f us\n",
		       alone / PASSING * 1e6, SIBLINGS,
		       *seconds / PASSING * 1e6);
	require(*seconds <= 2 * alone,
		"%.1f us a fault without siblings, %.1f us with %d empty ones",
		alone / PASSING * 1e6, *seconds / PASSING * 1e6, SIBLINGS);
	child_finish(&child);
}

/* If few pages can be reclaimed, a fault takes only a sixteenth of them. */
#define FEW		64
#define FAULTS		2	/* the one for the page, and one of its code */

static void read_one_more(struct child *self, void *arg)
{
	char *mem = mem_file(*(int *)arg, 2 * FEW, MAP_SHARED);

	mem_read(mem, FEW / 2);
	child_sync(self);
	mem_read(mem + (2 * FEW - 1) * page_size(), 1);
	child_sync(self);
}

static void test_few(void)
{
	struct child child;
	long taken, evictable;
	char *c;
	int fd;

	swap_none();
	fs_mount("tmpfs", NULL);
	fd = fs_file("file", 2 * FEW, 0);
	c = container_new(NULL, "few");
	child_start(&child, c, read_one_more, &fd);
	evictable = container_stat(c, "file");
	container_set_pages(c, "rss_limit", container_usage(c));
	child_step(&child);
	taken = container_get(c, "rss_reclaimed");
	ksft_print_msg("one fault took %ld pages of %ld\n", taken, evictable);
	require(taken > 0 && taken <= FAULTS * (evictable / 16 + 1),
		"one fault took %ld pages of %ld", taken, evictable);
	child_finish(&child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_siblings),
		T(test_few),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
