// SPDX-License-Identifier: GPL-2.0
/*
 * Pages that CPUs hold in advance do not add up with the number of containers:
 * the peak is accurate to 128 pages per CPU, and returning all of them takes
 * no longer below many containers. Isolated CPUs hold nothing.
 */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "hierarchy.h"
#include "median.h"
#include "mem.h"
#include "memcg.h"
#include "runner.h"
#include "unified.h"

#define WIDTH		300
#define PAGES		200
#define STOCK		128	/* at most, on each CPU */

/* Between two medians of the same operation */
#define NOISE_US	20

/* Pages that a process touches by itself when it exits. */
#define END_PAGES	16

/* Touches pages on each CPU in turn, so that each has a stock. */
static void child_roams(struct child *self, void *arg)
{
	char *mem = mem_anon(PAGES);
	int cpu;

	for (cpu = 1; cpu >= 0; cpu--) {
		cpu_run_on(cpu);
		mem_fill(mem, PAGES, 0);
		mem_advise(mem, PAGES, MADV_DONTNEED);
	}
	mem_fill(mem, PAGES, 0);
	child_sync(self);
	(void)arg;
}

/* One after the other, each in its own container. */
static void test_peak(void)
{
	char *top = container_new(NULL, "top"), *c;
	long highest = 0, usage, bound, peak;
	struct child child;
	char name[16];
	int i;

	for (i = 0; i < WIDTH; i++) {
		snprintf(name, sizeof(name), "%d", i);
		c = container_new(top, name);
		child_start(&child, c, child_roams, NULL);
		usage = container_usage(top);
		if (usage > highest)
			highest = usage;
		child_finish(&child);
	}
	require(container_usage(top) == 0, "usage is %ld in the end",
		container_usage(top));

	peak = container_get(top, "rss_max_usage");
	bound = highest + END_PAGES + STOCK * sysconf(_SC_NPROCESSORS_ONLN);
	ksft_print_msg("highest usage %ld, seen %ld\n", peak, highest);
	require(peak >= highest && peak <= bound,
		"highest usage is said to be %ld, was %ld, may be shown as %ld",
		peak, highest, bound);
}

/* Stocks of CPUs are returned first. */
static void reset_peak(void *arg, int i)
{
	(void)i;
	container_set(arg, "rss_max_usage", "0");
}

static void test_drain(void)
{
	char *alone = container_new(NULL, "alone");
	char *top = container_new(NULL, "top");
	long one, many;

	container_new_several(top, 3 * WIDTH);
	one = median_us(reset_peak, alone);
	many = median_us(reset_peak, top);
	ksft_print_msg("to reset it takes %ld us, above %d containers %ld us\n",
		       one, 3 * WIDTH, many);
	require(many <= 2 * one + NOISE_US, "%ld us, and %ld us above many",
		one, many);
}

static void isolate_cpu(const char *cpuset)
{
	if (cg_write(cpuset, "cpuset.cpus", "1") ||
	    cg_write(cpuset, "cpuset.cpus.partition", "isolated") ||
	    cg_read_strcmp(cpuset, "cpuset.cpus.partition", "isolated\n"))
		skip_case("no CPU can be isolated");
}

static void child_isolated(struct child *self, void *arg)
{
	char *mem = mem_anon(PAGES);

	memcg_move(arg, getpid());
	child_sync(self);
	mem_fill(mem, PAGES, 0);
	mem_advise(mem, PAGES, MADV_DONTNEED);
	mem_fill(mem, PAGES, 0);
	child_sync(self);
}

/* It has no stock, so there is no need to interrupt it. */
static void test_isolated(void)
{
	char *c = container_new(NULL, "isolated"), *cpuset;
	struct child child;

	if (!unified_root()[0] || unified_enable(unified_root(), "cpuset"))
		skip_case("no cpusets in the default hierarchy");
	cpuset = memcg_of(c);
	isolate_cpu(cpuset);
	child_start(&child, c, child_isolated, cpuset);
	/* In v1 it came from another CPU. */
	if (!hierarchy_is_v2())
		container_set(c, "rss_max_usage", "0");
	child_step(&child);
	require(container_get(c, "rss_max_usage") == container_usage(c),
		"highest usage %ld, usage %ld",
		container_get(c, "rss_max_usage"), container_usage(c));
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_peak),
		T(test_drain),
		T(test_isolated),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
