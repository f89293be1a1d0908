// SPDX-License-Identifier: GPL-2.0
/*
 * rss_shrink_in_bytes: what lowering rss_limit does, see lower.h, without a
 * change of the limit; and which values it accepts.
 */
#include <errno.h>
#include <stdio.h>

#include "child.h"
#include "container.h"
#include "hierarchy.h"
#include "lower.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

/* Works without any limit. */
static void test_unlimited(void)
{
	struct filler filler = { .pages = FILLED };
	struct child child;
	char *c;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	container_set(c, "rss_limit", "max");
	require(!lower(c, HALF) && container_usage(c) <= HALF,
		"usage %ld", container_usage(c));
	require(container_get(c, "rss_limit") == NO_LIMIT &&
		container_get(c, "rss_failcnt") == 0, "there is a limit");
	let_end(c, &child);
}

/* If any of these were read as a number, pages would be reclaimed. */
static void test_refused(void)
{
	static const char * const bad[] = {
		"abc", "12x", "-5", "-1", "max", "0x10", "+5", "0 pages",
		"1 2", "0,5", "1.5M", "1KB", "M", " ", "\n", " \t\n",
		"18446744073709551616", "99999999999999999999999999",
		"16777216T", "18014398509481984K",
	};
	struct filler filler = { .pages = FILLED };
	struct child child;
	unsigned int i;
	long usage;
	char *c;
	int err;

	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	usage = container_usage(c);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err = cg_write(c, "rss_shrink_in_bytes", (char *)bad[i]);
		require(err == -EINVAL, "'%s' returned %d, not EINVAL", bad[i],
			err);
		require(container_usage(c) == usage, "'%s': usage %ld, not %ld",
			bad[i], container_usage(c), usage);
	}
	require(container_get(c, "rss_reclaimed") == 0, "pages were reclaimed");
	let_end(c, &child);
}

/*
 * A bare number is bytes, rounded down to pages. Each takes usage further down
 * than the one before.
 */
static void test_units(void)
{
	const long page = page_size(), k_of_page = page / 1024;
	const struct {
		const char *format;
		long number;
		long pages;
	} rows[] = {
		{ "%ld", (HALF + 900) * page, HALF + 900 },
		{ "%ld", (HALF + 801) * page - 1, HALF + 800 },
		{ "%ldK", (HALF + 700) * k_of_page, HALF + 700 },
		{ " %ldk\n", (HALF + 600) * k_of_page, HALF + 600 },
		{ "%ldM\n", 6, (6L << 20) / page },
		{ "\t%ldm  ", 5, (5L << 20) / page },
	};
	struct filler filler = { .pages = FILLED };
	struct child child;
	long before, usage;
	unsigned int i;
	char text[64];
	char *c;

	if (page != 4096)
		skip_case("the sizes are for pages of 4 KiB");
	swap_on(2 * FILLED);
	c = filled_container(&child, &filler);
	before = container_usage(c);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		require(rows[i].pages < before, "row %u lowers nothing", i);
		snprintf(text, sizeof(text), rows[i].format, rows[i].number);
		container_set(c, "rss_shrink_in_bytes", text);
		usage = container_usage(c);
		/* Reclaim goes slightly further than it must. */
		require(usage <= rows[i].pages && usage > rows[i].pages - 64,
			"'%s' took the usage from %ld to %ld, not %ld", text,
			before, usage, rows[i].pages);
		before = usage;
	}
	/* More than exists. */
	container_set(c, "rss_shrink_in_bytes", "1G");
	container_set(c, "rss_shrink_in_bytes", "1t");
	require(container_usage(c) == before, "usage fell to %ld",
		container_usage(c));
	let_end(c, &child);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(lower_swap),
		T(lower_no_pressure),
		T(lower_no_swap),
		T(lower_file_no_swap),
		T(lower_locked),
		T(lower_part_locked),
		T(lower_subtree),
		T(lower_signal),
		T(lower_signal_midway),
		T(lower_faulter_anon),
		T(lower_faulter_file),
		T(test_unlimited),
		T(test_refused),
		T(test_units),
	};

	lower_by_shrinking = true;
	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
