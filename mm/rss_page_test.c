// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the page records of the RSS controller.
 */

#include <kunit/test.h>
#include <linux/cgroup.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "rss.h"

struct state_case {
	const char *name;
	u32 id;
	enum rss_type type;
	unsigned int order;
	unsigned int nr;
	u64 state;
};

static const struct state_case state_cases[] = {
	{ "nothing", 0, RSS_ANON, 0, 0, 0x0 },
	{ "root", RSS_ROOT_ID, RSS_FILE, 9, 512, 0x0000000102500200 },
	{ "one anon page", 2, RSS_ANON, 0, 1, 0x0000000200000001 },
	{ "unmapped shmem", 3, RSS_SHMEM, 4, 0, 0x0000000301200000 },
	{ "all bits", U32_MAX, RSS_SHMEM, 31, 0xfffff, 0xffffffff07efffff },
};

static void state_desc(const struct state_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_cases, state_desc);

static void state_fields_test(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	u64 state = rss_state_set_nr(rss_state(c->id, c->type, c->order),
				     c->nr);

	KUNIT_EXPECT_EQ(test, state, c->state);
	KUNIT_EXPECT_EQ(test, rss_state_id(state), c->id);
	KUNIT_EXPECT_EQ(test, rss_state_type(state), c->type);
	KUNIT_EXPECT_EQ(test, rss_state_order(state), c->order);
	KUNIT_EXPECT_EQ(test, rss_state_nr(state), c->nr);
	KUNIT_EXPECT_EQ(test, rss_state_set_nr(state, 0),
			rss_state(c->id, c->type, c->order));
}

static int page_test_init(struct kunit *test)
{
	int err;

	if (!cgroup_subsys_enabled(rss_cgrp_subsys))
		kunit_skip(test, "the controller is disabled");
	/* As the first container does. */
	cgroup_lock();
	err = rss_pages_alloc();
	cgroup_unlock();
	return err;
}

/* Each online page has a record of its own, which knows the page. */
static void page_record_test(struct kunit *test)
{
	struct page_container *pc;
	unsigned long pfn, nr = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		for (pfn = node_start_pfn(nid); pfn < node_end_pfn(nid);
		     pfn++) {
			if (!pfn_to_online_page(pfn))
				continue;
			pc = pfn_page_container(pfn);
			KUNIT_ASSERT_NOT_NULL_MSG(test, pc, "pfn %lu", pfn);
			KUNIT_ASSERT_EQ(test, (unsigned long)pc->pfn, pfn);
			if (!(++nr % 4096))
				cond_resched();
		}
	}
	KUNIT_EXPECT_GT(test, nr, 0);
}

static void page_hole_test(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, pfn_page_container(-1UL));
}

/* A page that nobody mapped is charged to nobody. */
static void page_fresh_test(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct page_container *pc;

	KUNIT_ASSERT_NOT_NULL(test, page);
	pc = pfn_page_container(page_to_pfn(page));
	KUNIT_EXPECT_EQ(test, rss_state_nr(page_container_state(pc)), 0);
	__free_page(page);
}

static struct kunit_case page_cases[] = {
	KUNIT_CASE_PARAM(state_fields_test, state_gen_params),
	KUNIT_CASE_SLOW(page_record_test),
	KUNIT_CASE(page_hole_test),
	KUNIT_CASE(page_fresh_test),
	{ }
};

static struct kunit_suite page_suite = {
	.name = "rss_page",
	.init = page_test_init,
	.test_cases = page_cases,
};

kunit_test_suite(page_suite);
