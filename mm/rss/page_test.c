// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the page records of the RSS controller.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#include "test.h"

struct state_case {
	const char *name;
	u32 id;
	unsigned int kind;
	unsigned int order;
	unsigned int nr;
	u64 state;
};

#define ACTIVE(type)	(RSS_ACTIVE * RSS_KIND_LRU + (type))

static const struct state_case state_cases[] = {
	{ "nothing", 0, RSS_ANON, 0, 0, 0x0 },
	{ "root", RSS_ROOT_ID, RSS_FILE, 9, 512, 0x0000000002910200 },
	{ "one anon page", 2, RSS_ANON, 0, 1, 0x0000000004000001 },
	{ "unmapped shmem", 3, ACTIVE(RSS_SHMEM), 4, 0, 0x0000000006460000 },
	{ "all bits", RSS_ID_MAX, 15, 15, 0xffff, 0x00007ffffeffffff },
};

static void state_desc(const struct state_case *c, char *desc)
{
	strscpy(desc, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(state, state_cases, state_desc);

static void state_fields_test(struct kunit *test)
{
	const struct state_case *c = test->param_value;
	u64 state = rss_state_set_nr(rss_state(c->id, c->kind, c->order),
				     c->nr);

	KUNIT_EXPECT_EQ(test, state, c->state);
	KUNIT_EXPECT_EQ(test, rss_state_id(state), c->id);
	KUNIT_EXPECT_EQ(test, rss_state_kind(state), c->kind);
	KUNIT_EXPECT_EQ(test, rss_state_order(state), c->order);
	KUNIT_EXPECT_EQ(test, rss_state_nr(state), c->nr);
	KUNIT_EXPECT_EQ(test, rss_state_set_nr(state, 0),
			rss_state(c->id, c->kind, c->order));
}

/* Only small folios with nothing but the expected pages are at home. */
static void state_home_test(struct kunit *test)
{
	u64 home = rss_state_home(5), state = rss_state(5, ACTIVE(RSS_FILE), 0);

	KUNIT_EXPECT_EQ(test, rss_state_home_kind(state, home, 0),
			ACTIVE(RSS_FILE));
	state |= RSS_STATE_GEN | RSS_STATE_MET | RSS_STATE_LOST;
	KUNIT_EXPECT_EQ(test, rss_state_home_kind(state, home, 0),
			ACTIVE(RSS_FILE));
	KUNIT_EXPECT_GE(test, rss_state_home_kind(state, home, 1), NR_RSS_KINDS);
	KUNIT_EXPECT_GE(test, rss_state_home_kind(state + 1, home, 0),
			NR_RSS_KINDS);
	KUNIT_EXPECT_EQ(test, rss_state_home_kind(state + 1, home, 1),
			ACTIVE(RSS_FILE));
	KUNIT_EXPECT_GE(test, rss_state_home_kind(state + 2, home, 1),
			NR_RSS_KINDS);
	KUNIT_EXPECT_GE(test, rss_state_home_kind(state | RSS_STATE_HELD, home,
						  0), NR_RSS_KINDS);
	KUNIT_EXPECT_GE(test, rss_state_home_kind(rss_state(5, RSS_FILE, 1),
						  home, 0), NR_RSS_KINDS);
	KUNIT_EXPECT_GE(test, rss_state_home_kind(rss_state(4, RSS_FILE, 0),
						  home, 0), NR_RSS_KINDS);
	KUNIT_EXPECT_GE(test, rss_state_home_kind(state, home |
							  RSS_HOME_AWAY, 0),
			NR_RSS_KINDS);
	KUNIT_EXPECT_GE(test, rss_state_home_kind(0, home, 0), NR_RSS_KINDS);
}

/* An entry is good until its record is renewed or names another container. */
static void state_entry_test(struct kunit *test)
{
	u64 old = RSS_STATE_GEN | RSS_STATE_LOST, state, entry;

	state = rss_state_renew(rss_state(7, RSS_ANON, 3) | RSS_STATE_MET, old);
	KUNIT_EXPECT_EQ(test, state & RSS_STATE_GEN, 0);
	KUNIT_EXPECT_EQ(test, state & RSS_STATE_LOST, 0);
	KUNIT_EXPECT_NE(test, state & RSS_STATE_MET, 0);

	entry = rss_entry(0x3456789aUL, state, RSS_UNEVICTABLE);
	KUNIT_EXPECT_EQ(test, rss_entry_pfn(entry), 0x3456789aUL);
	KUNIT_EXPECT_EQ(test, rss_entry_pages(entry), 8);
	KUNIT_EXPECT_EQ(test, rss_entry_list(entry), RSS_UNEVICTABLE);
	KUNIT_EXPECT_TRUE(test, rss_entry_good(entry, state, 7));
	KUNIT_EXPECT_FALSE(test, rss_entry_good(entry, state, 6));
	KUNIT_EXPECT_FALSE(test, rss_entry_good(entry,
						rss_state_renew(state, state),
						7));
	KUNIT_EXPECT_FALSE(test, rss_entry_good(entry, rss_state_blank(state),
						7));
	KUNIT_EXPECT_NE(test, rss_entry(0, 0, 0), 0);
}

/* Each online page has a record of its own. */
static void page_record_test(struct kunit *test)
{
	struct page_container *pc, *last = NULL;
	unsigned long pfn, nr = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		for (pfn = node_start_pfn(nid); pfn < node_end_pfn(nid);
		     pfn++) {
			if (!pfn_to_online_page(pfn))
				continue;
			pc = pfn_page_container(pfn);
			KUNIT_ASSERT_NOT_NULL_MSG(test, pc, "pfn %lu", pfn);
			KUNIT_ASSERT_PTR_NE_MSG(test, pc, last, "pfn %lu", pfn);
			last = pc;
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

/* A page that was not mapped has no owner. */
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
	KUNIT_CASE(state_home_test),
	KUNIT_CASE(state_entry_test),
	KUNIT_CASE_SLOW(page_record_test),
	KUNIT_CASE(page_hole_test),
	KUNIT_CASE(page_fresh_test),
	{ }
};

static struct kunit_suite page_suite = {
	.name = "rss_page",
	.init = rss_test_need_records,
	.test_cases = page_cases,
};

kunit_test_suite(page_suite);
