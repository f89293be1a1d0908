// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a watermark does not depend on the number of containers: neither
 * that of a fault close to it, nor that of setting it. And usage is as exact
 * below many.
 *
 * Times are medians. Each is compared with that of the same operation on a
 * single container, so that the speed of the machine hardly matters.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "keys.h"
#include "median.h"
#include "mem.h"
#include "runner.h"
#include "sizer.h"
#include "suites.h"

#define WIDTH		1000
#define DEPTH		100
#define MOST		10000

/*
 * What watermarks close by may add to a fault, in µs. Emulated, it is 2 for
 * one and 8 for a hundred; with lockdep everything is many times slower.
 */
#define MORE_US		20
#define MORE_DEBUG_US	1000

static long allowed_us(void)
{
	return access("/proc/lockdep_stats", F_OK) ? MORE_US : MORE_DEBUG_US;
}

static long crossings(const char *container)
{
	char *path = cg_control(container, control_name("rss_events"));
	long nr = read_key(path, "watermark");

	free(path);
	return nr;
}

static void fault(void *arg, int i)
{
	mem_fill((char *)arg + i * page_size(), 1, 0);
}

struct faults {
	long us;		/* of those in the last step */
};

/* Each step faults in MEDIAN_SAMPLES pages. */
static void child_faults(struct child *self, void *arg)
{
	char *mem = mem_anon(MEDIAN_SAMPLES);
	struct faults *faults = arg;

	cpu_stay();
	for (;;) {
		child_sync(self);
		faults->us = median_us(fault, mem);
		mem_advise(mem, MEDIAN_SAMPLES, MADV_DONTNEED);
	}
}

static long measure(struct child *child, struct faults *faults)
{
	child_step(child);
	return faults->us;
}

/*
 * How much slower a fault in @container is if usage is close to a watermark at
 * each of @marked.
 */
static long more_us(const char *container, char **marked, int nr)
{
	struct faults *faults = (struct faults *)mem_shared(1);
	long far, near, usage;
	struct child child;
	int i;

	faults->us = 0;
	child_start(&child, container, child_faults, faults);
	measure(&child, faults);
	far = measure(&child, faults);
	usage = container_usage(container);
	for (i = 0; i < nr; i++)
		container_set_pages(marked[i], "rss_watermark", usage + 1);
	near = measure(&child, faults);
	ksft_print_msg("%d watermarks: a fault takes %ld us, without %ld us\n",
		       nr, near, far);
	require(crossings(marked[0]) > 0, "none was crossed");
	return near - far;
}

/* One watermark, at the top of many. */
static void test_flat(void)
{
	char *top = container_new(NULL, "flat");
	char **children = container_new_several(top, WIDTH);
	long more = more_us(children[WIDTH / 2], &top, 1);

	require(more <= allowed_us(), "a fault costs %ld us more", more);
}

/* One at each of many levels. */
static void test_deep(void)
{
	char *levels[DEPTH];
	long more;
	int i;

	for (i = 0; i < DEPTH; i++)
		levels[i] = container_new(i ? levels[i - 1] : NULL,
					  i ? "n" : "deep");
	more = more_us(levels[DEPTH - 1], levels, DEPTH);
	require(more <= allowed_us(), "a fault costs %ld us more", more);
}

static void set_mark(void *arg, int i)
{
	container_set_pages(arg, "rss_watermark", i % 2 ? 1000000 : 1);
}

/* Setting it, alternately far from usage and close to it. */
static void test_write(void)
{
	char *alone = container_new(NULL, "alone");
	char *top = container_new(NULL, "top");
	long one, many;

	container_new_several(top, WIDTH);
	one = median_us(set_mark, alone);
	many = median_us(set_mark, top);
	ksft_print_msg("to set a watermark takes %ld us, above %d containers %ld us\n",
		       one, WIDTH, many);
	require(many <= 2 * one + allowed_us(), "%ld us, and %ld us above many", one,
		many);
}

/* Starts and exits, on each CPU. */
static void child_passes(struct child *self, void *arg)
{
	char *mem = mem_anon(MEDIAN_SAMPLES);
	int cpu;

	for (cpu = 0; cpu < 2; cpu++) {
		cpu_run_on(cpu);
		mem_fill(mem, MEDIAN_SAMPLES, 0);
		mem_advise(mem, MEDIAN_SAMPLES, MADV_DONTNEED);
	}
	child_sync(self);
	(void)arg;
}

/* Whatever other tasks left on the CPUs, the exact page crosses. */
static void test_exact(void)
{
	char *top = container_new(NULL, "exact");
	char **children = container_new_several(top, WIDTH / 10);
	long base, mark, pages;
	struct child child;
	struct sizer sizer;
	int i;

	sizer_start(&sizer, children[0], MOST);
	base = container_usage(top);
	/* The others need as much to run, and their samples. */
	mark = base + 2 * MEDIAN_SAMPLES;
	require(mark < MOST, "processes have %ld pages", base);
	container_set_pages(top, "rss_watermark", base + mark);
	for (i = 1; i < WIDTH / 10; i++) {
		child_start(&child, children[i], child_passes, NULL);
		child_finish(&child);
		/* Up to the watermark, and past it every second time. */
		pages = mark + i % 2;
		sizer_set(&sizer, pages);
		require(container_usage(top) == base + pages,
			"usage is %ld, not %ld", container_usage(top),
			base + pages);
		require(crossings(top) == (i + 1) / 2,
			"%ld crossings after %d rounds", crossings(top), i);
		sizer_set(&sizer, 0);
	}
}

static const struct rss_case cases[] = {
	T(test_flat),
	T(test_deep),
	T(test_write),
	T(test_exact),
};

const struct rss_suite watermark_wide = {
	"wide", cases, ARRAY_SIZE(cases)
};
