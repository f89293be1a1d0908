// SPDX-License-Identifier: GPL-2.0
/*
 * rss_watermark: an event is a charge that takes usage from at most the
 * watermark to above it, at the exact page, and nothing else is one.
 *
 * A scene is a container with a child, whose own pages come on top of what the
 * child needs to run. The watermark is at MARK of them.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>

#include "child.h"
#include "container.h"
#include "events.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "sizer.h"
#include "suites.h"
#include "thp.h"

#define MARK	2000
#define MOST	(2 * MARK)

struct scene {
	char *c;
	struct sizer sizer;
	long base;		/* usage without the child's own pages */
	long crossings;		/* so far */
};

static void set_mark(struct scene *s, long pages)
{
	container_set_pages(s->c, "rss_watermark", s->base + pages);
}

static void make_scene(struct scene *s)
{
	s->c = container_new(NULL, "watermark");
	sizer_start(&s->sizer, s->c, MOST);
	s->base = container_usage(s->c);
	s->crossings = 0;
	set_mark(s, MARK);
}

static void check_crossings(struct scene *s, int more, const char *what)
{
	s->crossings += more;
	require(events_get(s->c, EVENT_WATERMARK) == s->crossings,
		"%s: %ld crossings counted, not %ld", what,
		events_get(s->c, EVENT_WATERMARK), s->crossings);
}

/* The child goes to @pages, which crosses the watermark @times. */
static void go_to(struct scene *s, long pages, int times)
{
	char what[64];

	snprintf(what, sizeof(what), "going to %ld pages", pages);
	sizer_set(&s->sizer, pages);
	require(container_usage(s->c) == s->base + pages,
		"%s: usage is %ld, not %ld", what, container_usage(s->c),
		s->base + pages);
	check_crossings(s, times, what);
}

static void test_exact(void)
{
	struct scene s;

	make_scene(&s);
	go_to(&s, 1, 0);
	go_to(&s, MARK / 2, 0);
	go_to(&s, MARK - 1, 0);
	go_to(&s, MARK, 0);
	go_to(&s, MARK + 1, 1);
	go_to(&s, MARK + 2, 0);
	go_to(&s, MOST, 0);
	go_to(&s, MARK + 1, 0);
	go_to(&s, MARK, 0);
	go_to(&s, 0, 0);
}

/* However far it goes, page by page or at once. */
static void test_again(void)
{
	static const int depths[] = { 1, 50, 1000 };
	unsigned int i;
	struct scene s;
	int round;

	make_scene(&s);
	for (i = 0; i < ARRAY_SIZE(depths); i++) {
		for (round = 0; round < 5; round++) {
			go_to(&s, MARK, 0);
			go_to(&s, MARK + depths[i], 1);
			go_to(&s, MARK + 1 - depths[i], 0);
			go_to(&s, MARK + 1, 1);
			go_to(&s, MARK + 1 - depths[i], 0);
			go_to(&s, MARK - depths[i], 0);
			go_to(&s, MARK + depths[i], 1);
		}
	}
}

/* Steps through the pages below one by one. */
static void test_every_page(void)
{
	struct scene s;
	long pages;

	make_scene(&s);
	go_to(&s, MARK - 300, 0);
	for (pages = MARK - 300; pages <= MARK + 300; pages++)
		go_to(&s, pages, pages == MARK + 1);
	while (pages-- > MARK - 300)
		go_to(&s, pages, 0);
	go_to(&s, MOST, 1);
}

static void test_set_below_usage(void)
{
	struct scene s;

	make_scene(&s);
	set_mark(&s, MOST);
	go_to(&s, MARK + 500, 0);
	set_mark(&s, MARK);
	check_crossings(&s, 0, "setting it below the usage");
	go_to(&s, MARK + 600, 0);
	set_mark(&s, MARK);
	set_mark(&s, 0);
	set_mark(&s, MARK);
	check_crossings(&s, 0, "setting it again");
	go_to(&s, MARK + 601, 0);
	go_to(&s, MARK, 0);
	go_to(&s, MARK + 1, 1);

	set_mark(&s, MARK + 1);
	check_crossings(&s, 0, "setting it to the usage");
	go_to(&s, MARK + 2, 1);
	set_mark(&s, MOST);
	check_crossings(&s, 0, "setting it above the usage");
	go_to(&s, MOST - 1, 0);
}

static void test_none(void)
{
	struct scene s;

	make_scene(&s);
	container_set(s.c, "rss_watermark", "max");
	go_to(&s, MOST, 0);
	go_to(&s, 0, 0);
	set_mark(&s, MARK);
	go_to(&s, MARK, 0);
	container_set(s.c, "rss_watermark", "-1");
	require(container_get(s.c, "rss_watermark") == NO_LIMIT,
		"-1 is not max");
	go_to(&s, MOST, 0);
}

/* It only reports. */
static void test_no_reclaim(void)
{
	struct scene s;

	make_scene(&s);
	go_to(&s, MOST, 1);
	require(container_get(s.c, "rss_reclaimed") == 0 &&
		container_get(s.c, "rss_failcnt") == 0 &&
		events_get(s.c, EVENT_LIMIT) == 0,
		"the watermark had pages reclaimed");
}

/* With a unit it is bytes, rounded down to pages. */
static void test_units(void)
{
	static const char * const bad[] = {
		"abc", "12x", "-5", "0x10", "+5", "", "\n", " ", "1 2", "5 pages",
		"maximum", "max 1", "18446744073709551616",
		"99999999999999999999999999", "16777216T",
	};
	long page = page_size();
	const struct {
		const char *text;
		long pages;
	} good[] = {
		{ "0", 0 },
		{ " 17\n", 17 },
		{ "3M", (3L << 20) / page },
		{ "1g", (1L << 30) / page },
		{ "129k\n", (129L << 10) / page },
		{ "1K", (1L << 10) / page },
		{ "4321", 4321 },
	};
	char *c = container_new(NULL, "units");
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		container_set(c, "rss_watermark", good[i].text);
		require(container_get(c, "rss_watermark") == good[i].pages,
			"'%s' became %ld", good[i].text,
			container_get(c, "rss_watermark"));
	}
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		err = cg_write(c, "rss_watermark", (char *)bad[i]);
		/* The kernel passes no empty write to a cgroup file. */
		require(err == (bad[i][0] ? -EINVAL : 0), "'%s' returned %d",
			bad[i], err);
		require(container_get(c, "rss_watermark") == 4321,
			"'%s' changed the watermark", bad[i]);
	}
}

/* Above the child's container; one per level, at the same page or not. */
static void test_parent(void)
{
	char *top = container_new(NULL, "top");
	char *parent = container_new(top, "parent");
	struct scene s = { .c = container_new(parent, "child") };

	sizer_start(&s.sizer, s.c, MOST);
	s.base = container_usage(s.c);
	container_set_pages(parent, "rss_watermark", s.base + MARK);

	go_to(&s, MARK, 0);
	events_expect(parent, (struct events){ });
	go_to(&s, MARK + 1, 0);
	events_expect(parent, (struct events){ { [EVENT_WATERMARK] = 1 } });
	events_expect(top, (struct events){ { [EVENT_WATERMARK] = 1 } });

	set_mark(&s, MARK + 500);
	go_to(&s, MARK + 501, 1);
	events_expect(parent, (struct events){ { [EVENT_WATERMARK] = 2 } });
	go_to(&s, MARK, 0);
	set_mark(&s, MARK);
	/* An event of its own, and one of the child's. */
	go_to(&s, MARK + 1, 1);
	events_expect(parent, (struct events){ { [EVENT_WATERMARK] = 4 } });
	events_expect(top, (struct events){ { [EVENT_WATERMARK] = 4 } });
}

/*
 * Either child crosses the parent's watermark by its pages, although the other
 * one, which got there first, has not changed since.
 */
static void test_siblings(void)
{
	struct scene s = { .c = container_new(NULL, "parent") };
	struct sizer other;
	int round;

	sizer_start(&other, container_new(s.c, "other"), MOST);
	sizer_start(&s.sizer, container_new(s.c, "one"), MOST);
	sizer_set(&other, 40);
	s.base = container_usage(s.c);
	set_mark(&s, MARK);

	for (round = 0; round < 5; round++) {
		go_to(&s, MOST, 1);
		/* Gets close to it from above or from below. */
		go_to(&s, MARK + 5, 0);
		if (round & 1) {
			go_to(&s, MARK, 0);
			go_to(&s, MARK + 5, 1);
		}
		sizer_set(&other, 20);
		check_crossings(&s, 0, "the other falls below");
		sizer_set(&other, 40);
		check_crossings(&s, 1, "the other crosses");
		go_to(&s, MARK, 0);
	}
}

struct area {
	char *mem;
	size_t pages;
	int fd;
	bool huge;
};

/* Maps an area and drops it, and stops after each. */
static void child_area(struct child *self, void *arg)
{
	struct area *area = arg;

	if (area->huge)
		area->mem = thp_anon(area->pages);
	else
		area->mem = mem_file(area->fd, area->pages, MAP_SHARED);
	for (;;) {
		child_sync(self);
		if (area->huge)
			mem_fill(area->mem, 1, 0);
		else
			mem_read(area->mem, area->pages);
		child_sync(self);
		mem_advise(area->mem, area->pages, MADV_DONTNEED);
	}
}

/* The watermark is in the middle of the area, or of a fault in it. */
static void cross_by_area(struct area *area)
{
	char *c = container_new(NULL, "area");
	struct child child;
	int round;
	long base;

	child_start(&child, c, child_area, area);
	base = container_usage(c);
	container_set_pages(c, "rss_watermark", base + area->pages / 2 + 3);
	for (round = 0; round < 5; round++) {
		events_expect(c, (struct events){ { round } });
		child_step(&child);
		if (area->huge && container_usage(c) < base + (long)area->pages)
			skip_case("no huge page to be had");
		require(container_usage(c) == base + (long)area->pages,
			"usage %ld, base %ld", container_usage(c), base);
		events_expect(c, (struct events){ { round + 1 } });
		child_step(&child);
		require(container_usage(c) == base, "usage %ld, base %ld",
			container_usage(c), base);
	}
}

static void test_huge(void)
{
	struct area area = { .pages = thp_need(), .huge = true };

	cross_by_area(&area);
}

static void test_file(void)
{
	struct area area = { .pages = 4 * fault_around_pages() };

	fs_mount("tmpfs", "huge=never");
	area.fd = fs_file("file", area.pages, 0);
	cross_by_area(&area);
}

static const struct rss_case cases[] = {
	T(test_exact),
	T(test_again),
	T(test_every_page),
	T(test_set_below_usage),
	T(test_none),
	T(test_no_reclaim),
	T(test_units),
	T(test_parent),
	T(test_siblings),
	T(test_huge),
	T(test_file),
};

static const struct rss_suite watermark = {
	.cases = cases, .nr = ARRAY_SIZE(cases), .v1_only = true
};

int main(void)
{
	static const struct rss_suite * const suites[] = {
		&watermark, &watermark_load, &watermark_wide,
	};

	return run_suites(suites, ARRAY_SIZE(suites));
}
