// SPDX-License-Identifier: GPL-2.0
/*
 * Anonymous pages in constant use stay, while many others are used once and go
 * to swap: also with MGLRU, which ages the neighbours of the pages that it
 * checks.
 */
#include <string.h>
#include <sys/mman.h>

#include "child.h"
#include "container.h"
#include "keys.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "tunable.h"

#define LRU_GEN		"/sys/kernel/mm/lru_gen/enabled"
#define HOT		600
#define COLD		8000
#define LIMIT		1000
#define OFTEN		16	/* cold pages between rounds of the hot ones */
#define MOST_SWAPINS	HOT

static void use_hot_pages(struct child *self, void *arg)
{
	char *hot = mem_anon(HOT), *cold = mem_anon(COLD);
	size_t i;

	(void)arg;
	mem_fill(hot, HOT, 0);
	child_sync(self);
	for (i = 0; i < COLD; i += OFTEN) {
		mem_fill(cold + i * page_size(), OFTEN, i);
		mem_read(hot, HOT);
	}
	child_sync(self);
}

static void use_under_limit(const char *lru_gen)
{
	struct child child;
	long swapins;
	char *c;

	tunable_set(LRU_GEN, lru_gen);
	swap_on(2 * COLD);
	/* Each page by itself. */
	tunable_try("/proc/sys/vm/page-cluster", "0");
	c = container_new(NULL, "hot");
	child_start(&child, c, use_hot_pages, NULL);
	container_set_pages(c, "rss_limit",
			    container_usage(c) - HOT + LIMIT);
	swapins = read_key("/proc/vmstat", "pswpin");
	child_step(&child);
	swapins = read_key("/proc/vmstat", "pswpin") - swapins;
	ksft_print_msg("%ld pages swapped in, %d in use, %d passed by\n",
		       swapins, HOT, COLD);
	require(swapins <= MOST_SWAPINS, "%ld pages swapped in, %d are in use",
		swapins, HOT);
	container_set(c, "rss_limit", "max");
	child_finish(&child);
}

static void test_mglru(void)
{
	use_under_limit("y");
}

static void test_classic(void)
{
	use_under_limit("n");
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_mglru),
		T(test_classic),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
