// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for how the RSS controller counts.
 *
 * They use containers outside any hierarchy, and test the counters, stocks and
 * page counts of a parent and its children, which must add up after each step.
 */

#include <kunit/test.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "rss.h"

struct stock_fixture {
	struct rss_container *parent;
	struct rss_container *child;
	struct rss_container *sibling;
};

/* The parts of a cgroup that tell ancestry. */
static struct cgroup *stock_cgroup(struct kunit *test,
				   struct rss_container *parent)
{
	struct cgroup *cgrp = kunit_kzalloc(test,
					    struct_size(cgrp, ancestors, 2),
					    GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, cgrp);
	if (parent) {
		cgrp->level = 1;
		cgrp->ancestors[0] = parent->css.cgroup;
	}
	cgrp->ancestors[cgrp->level] = cgrp;
	return cgrp;
}

static struct rss_container *stock_container(struct kunit *test,
					     struct rss_container *parent)
{
	struct rss_container *rss = kunit_kzalloc(test, sizeof(*rss),
						  GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, rss);
	rss->cpu = alloc_percpu(struct rss_cpu);
	if (!rss->cpu)
		KUNIT_FAIL_AND_ABORT(test, "no memory");

	/* Used by walks of a subtree. */
	rss->css.cgroup = stock_cgroup(test, parent);
	rss->css.flags = CSS_NO_REF;
	rss->css.parent = parent ? &parent->css : NULL;
	INIT_LIST_HEAD(&rss->css.children);
	INIT_LIST_HEAD(&rss->css.sibling);
	res_counter_init(&rss->res, parent ? &parent->res : NULL);
	rss_watermark_init(rss);
	rss_full_init(rss);

	return rss;
}

static int stock_test_init(struct kunit *test)
{
	struct stock_fixture *f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, f);
	f->parent = stock_container(test, NULL);
	f->child = stock_container(test, f->parent);
	f->sibling = stock_container(test, f->parent);
	test->priv = f;
	return 0;
}

static void stock_container_free(struct rss_container *rss)
{
	if (!rss)
		return;
	rss_watermark_free(rss);
	rss_stock_release(rss);
	free_percpu(rss->cpu);
}

static void stock_test_exit(struct kunit *test)
{
	struct stock_fixture *f = test->priv;

	if (!f)
		return;
	stock_container_free(f->sibling);
	stock_container_free(f->child);
	stock_container_free(f->parent);
}

static long sum_stock(struct rss_container *rss)
{
	long sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += per_cpu_ptr(rss->cpu, cpu)->stock;
	return sum;
}

/* Number of CPUs on which a container may have a stock. */
static int nr_held(struct rss_container *rss)
{
	int cpu, nr = 0;

	for_each_possible_cpu(cpu)
		nr += !!per_cpu_ptr(rss->cpu, cpu)->max;
	return nr;
}

static int stock_fill(struct rss_container *rss, struct res_counter **fail)
{
	return rss_stock_fill(rss, res_counter_margin(&rss->res), fail);
}

static long sum_nr(struct rss_container *rss)
{
	long sum = 0;
	int cpu, kind;

	for_each_possible_cpu(cpu)
		for (kind = 0; kind < NR_RSS_KINDS; kind++)
			sum += per_cpu_ptr(rss->cpu, cpu)->nr[kind];
	return sum;
}

static void expect_pages(struct kunit *test, struct rss_container *rss,
			 long nr)
{
	KUNIT_EXPECT_EQ(test, sum_nr(rss), nr);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&rss->res),
			nr + sum_stock(rss));
}

/* Without a stock, mapped pages are charged, and nothing else. */
static void stock_deficit_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;

	rss_account(f->child, RSS_ANON, 512);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->child->res), 512);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res), 512);
	KUNIT_EXPECT_FALSE(test, f->child->over);
}

static void stock_fill_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	struct res_counter *fail = NULL;

	KUNIT_ASSERT_EQ(test, stock_fill(f->child, &fail), 0);
	KUNIT_EXPECT_GT(test, sum_stock(f->child), 0);
	expect_pages(test, f->child, 0);

	rss_account(f->child, RSS_FILE, 1);
	expect_pages(test, f->child, 1);
	rss_account(f->child, RSS_FILE, -1);
	expect_pages(test, f->child, 0);

	rss_stock_drain(f->child);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->child->res), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res), 0);
}

/* Map its own pages, counted as the hooks of small folios do. */
static void map_own(struct rss_container *rss, int nr)
{
	migrate_disable();
	this_cpu_add(rss->cpu->nr[RSS_ANON], nr);
	this_cpu_sub(rss->cpu->stock, nr);
	rss_stock_balance(rss, true);
	migrate_enable();
}

/* However many pages are unmapped, a stock stays small. */
static void stock_surplus_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	int i;

	map_own(f->child, 1000);
	for (i = 0; i < 10; i++) {
		map_own(f->child, -100);
		expect_pages(test, f->child, 900 - 100 * i);
		KUNIT_EXPECT_LE(test, sum_stock(f->child),
				RSS_STOCK_MAX * num_online_cpus());
		KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res),
				res_counter_usage(&f->child->res));
	}
}

/* Pages unmapped by a task of another container go to no stock. */
static void stock_not_own_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	struct res_counter *fail = NULL;
	long stock;

	rss_account(f->child, RSS_FILE, 50);
	migrate_disable();
	KUNIT_EXPECT_EQ(test, stock_fill(f->sibling, &fail), 0);
	stock = sum_stock(f->sibling);
	rss_account(f->child, RSS_FILE, -20);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, nr_held(f->child), 0);
	KUNIT_EXPECT_GT(test, stock, 0);
	KUNIT_EXPECT_EQ(test, sum_stock(f->sibling), stock);
	migrate_enable();
	expect_pages(test, f->child, 30);
	expect_pages(test, f->sibling, 0);
}

/* A CPU has one stock: filling it returns that of the previous holder. */
static void stock_take_over_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	struct res_counter *fail = NULL;
	int i;

	migrate_disable();
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, stock_fill(f->child, &fail), 0);
		KUNIT_EXPECT_EQ(test, sum_stock(f->child), RSS_STOCK_MAX);
		KUNIT_EXPECT_EQ(test, sum_stock(f->sibling), 0);
		KUNIT_EXPECT_EQ(test, nr_held(f->sibling), 0);
		KUNIT_EXPECT_EQ(test, stock_fill(f->sibling, &fail), 0);
		KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
		KUNIT_EXPECT_EQ(test, nr_held(f->child), 0);
		KUNIT_EXPECT_EQ(test, sum_stock(f->sibling), RSS_STOCK_MAX);
		KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res),
				RSS_STOCK_MAX);
	}
	/* Both are never charged at the same time. */
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(&f->parent->res),
			RSS_STOCK_MAX);

	/* Unmapping takes over, too, from the second page on. */
	map_own(f->child, 10);
	KUNIT_EXPECT_EQ(test, sum_stock(f->sibling), RSS_STOCK_MAX);
	map_own(f->child, -1);
	map_own(f->child, -1);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 1);
	KUNIT_EXPECT_EQ(test, sum_stock(f->sibling), 0);
	expect_pages(test, f->child, 8);
	migrate_enable();
}

/* A dead container gets no stock, and keeps none. */
static void stock_release_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	struct res_counter *fail = NULL;

	KUNIT_ASSERT_EQ(test, stock_fill(f->child, &fail), 0);
	KUNIT_EXPECT_GT(test, sum_stock(f->child), 0);
	f->child->dead = true;
	rss_stock_release(f->child);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, nr_held(f->child), 0);
	KUNIT_EXPECT_EQ(test, stock_fill(f->child, &fail), 0);
	map_own(f->child, 5);
	map_own(f->child, -5);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, nr_held(f->child), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res), 0);
}

/* A drain covers the container and its descendants. */
static void stock_drain_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	struct res_counter *fail = NULL;

	KUNIT_ASSERT_EQ(test, stock_fill(f->child, &fail), 0);
	rss_stock_drain(f->sibling);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), RSS_STOCK_MAX);
	rss_stock_drain(f->parent);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res), 0);

	KUNIT_ASSERT_EQ(test, stock_fill(f->child, &fail), 0);
	KUNIT_EXPECT_EQ(test, nr_held(f->child), 1);
	rss_stock_stop(f->parent);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, nr_held(f->child), 0);
}

static long watermark_events(struct rss_container *rss)
{
	return atomic_long_read(&rss->events_local[RSS_EVENT_WATERMARK]);
}

/* Close to a watermark there is no stock, and the exact page is reported. */
static void stock_watermark_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;
	unsigned long far = 8 * RSS_STOCK_MAX * num_online_cpus();
	struct res_counter *fail = NULL;

	KUNIT_ASSERT_EQ(test, stock_fill(f->child, &fail), 0);
	map_own(f->child, 10);
	rss_set_watermark(f->child, 12);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	KUNIT_EXPECT_EQ(test, stock_fill(f->child, &fail), 0);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);

	map_own(f->child, 2);
	KUNIT_EXPECT_EQ(test, watermark_events(f->child), 0);
	map_own(f->child, 1);
	KUNIT_EXPECT_EQ(test, watermark_events(f->child), 1);
	map_own(f->child, 1);
	map_own(f->child, -2);
	KUNIT_EXPECT_EQ(test, watermark_events(f->child), 1);
	map_own(f->child, 1);
	KUNIT_EXPECT_EQ(test, watermark_events(f->child), 2);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	expect_pages(test, f->child, 13);

	/* Far above it, stocks are allowed again. */
	map_own(f->child, far);
	KUNIT_EXPECT_EQ(test, stock_fill(f->child, &fail), 0);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), RSS_STOCK_MAX);

	/* A watermark set below usage is no event, then or later. */
	rss_set_watermark(f->child, far);
	map_own(f->child, 1);
	KUNIT_EXPECT_EQ(test, watermark_events(f->child), 2);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
}

struct limit_case {
	const char *name;
	/* limits; pages charged before; the level that refuses one more */
	unsigned long child, parent;
	long nr;
	int fails;
};

static const struct limit_case limit_cases[] = {
	{ "child below", 100, 1000, 99, 0 },
	{ "child at", 100, 1000, 100, 1 },
	{ "parent below", 1000, 100, 99, 0 },
	{ "parent at", 1000, 100, 100, 2 },
	{ "both at", 100, 100, 100, 1 },
	{ "none", RES_COUNTER_MAX, RES_COUNTER_MAX, 100, 0 },
};

static void limit_desc(const struct limit_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(limit, limit_cases, limit_desc);

/* One page below the limit there is room for exactly one page. */
static void stock_limit_test(struct kunit *test)
{
	const struct limit_case *c = test->param_value;
	struct stock_fixture *f = test->priv;
	struct res_counter *fail = NULL;
	int err;

	KUNIT_ASSERT_EQ(test, res_counter_set_limit(&f->child->res, c->child),
			0);
	KUNIT_ASSERT_EQ(test, res_counter_set_limit(&f->parent->res, c->parent),
			0);
	rss_account(f->child, RSS_ANON, c->nr);
	KUNIT_EXPECT_FALSE(test, f->child->over);

	err = stock_fill(f->child, &fail);
	if (!c->fails) {
		KUNIT_EXPECT_EQ(test, err, 0);
		KUNIT_EXPECT_GE(test, sum_stock(f->child), 1);
	} else {
		KUNIT_EXPECT_EQ(test, err, -ENOMEM);
		KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
		KUNIT_EXPECT_PTR_EQ(test, fail, c->fails == 1 ?
						&f->child->res :
						&f->parent->res);
	}
	KUNIT_EXPECT_NULL(test, res_counter_first_over(&f->child->res));
}

/* Past the limit of either level the container is marked, but not at it. */
static void stock_over_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;

	KUNIT_ASSERT_EQ(test, res_counter_set_limit(&f->parent->res, 100), 0);
	rss_account(f->child, RSS_SHMEM, 100);
	KUNIT_EXPECT_FALSE(test, f->child->over);
	rss_account(f->child, RSS_SHMEM, 1);
	KUNIT_EXPECT_TRUE(test, f->child->over);
	KUNIT_EXPECT_EQ(test, sum_stock(f->child), 0);
	expect_pages(test, f->child, 101);
}

/* The parent counts the pages that it takes over; its usage stays. */
static void stock_move_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;

	rss_account(f->child, RSS_FILE, 30);
	rss_account_move(f->child, RSS_FILE, f->parent, RSS_FILE, 30);
	KUNIT_EXPECT_EQ(test, sum_nr(f->child), 0);
	KUNIT_EXPECT_EQ(test, sum_nr(f->parent), 30);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&f->parent->res), 30);
}

static void stock_no_owner_test(struct kunit *test)
{
	struct stock_fixture *f = test->priv;

	rss_account(NULL, RSS_ANON, 1);
	expect_pages(test, f->child, 0);
	expect_pages(test, f->parent, 0);
}

static struct kunit_case stock_cases[] = {
	KUNIT_CASE(stock_deficit_test),
	KUNIT_CASE(stock_fill_test),
	KUNIT_CASE(stock_surplus_test),
	KUNIT_CASE(stock_not_own_test),
	KUNIT_CASE(stock_take_over_test),
	KUNIT_CASE(stock_release_test),
	KUNIT_CASE(stock_drain_test),
	KUNIT_CASE(stock_watermark_test),
	KUNIT_CASE_PARAM(stock_limit_test, limit_gen_params),
	KUNIT_CASE(stock_over_test),
	KUNIT_CASE(stock_move_test),
	KUNIT_CASE(stock_no_owner_test),
	{ }
};

static struct kunit_suite stock_suite = {
	.name = "rss_stock",
	.init = stock_test_init,
	.exit = stock_test_exit,
	.test_cases = stock_cases,
};

kunit_test_suite(stock_suite);
