// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests for the lists of the RSS controller: queues of batches, entries
 * on their way there, and the ids that name containers in records.
 *
 * They use containers outside any hierarchy, and a page that is not mapped.
 */

#include <kunit/test.h>
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/preempt.h>
#include <linux/slab.h>

#include "queue.h"
#include "test.h"

struct queue_fixture {
	struct rss_container *rss;
	struct rss_container *other;
	struct page *page;
	struct page_container *pc;
	struct rss_node *node;		/* of @rss, where @page is */
};

/* The parts of a container that its lists need. */
static struct rss_container *queue_container(struct kunit *test)
{
	struct rss_container *rss;
	int nid;

	rss = kunit_kzalloc(test, struct_size(rss, node, nr_node_ids),
			    GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rss);
	rss_turns_init(rss);
	for_each_node(nid) {
		rss->node[nid] = kunit_kzalloc(test, sizeof(*rss->node[nid]),
					       GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, rss->node[nid]);
		rss_node_init(rss, nid);
	}
	return rss;
}

static int queue_test_init(struct kunit *test)
{
	struct queue_fixture *f;
	int err;

	err = rss_test_need_records(test);
	if (err)
		return err;

	f = kunit_kzalloc(test, sizeof(*f), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f);
	f->rss = queue_container(test);
	f->other = queue_container(test);
	f->page = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, f->page);
	test->priv = f;
	f->pc = pfn_page_container(page_to_pfn(f->page));
	f->node = f->rss->node[page_to_nid(f->page)];
	err = rss_id_alloc(f->rss);
	return err ?: rss_id_alloc(f->other);
}

/* Make the record of the page name @id with a new GEN. Returns the state. */
static u64 name_page(struct queue_fixture *f, u32 id)
{
	u64 old = page_container_state(f->pc), new;

	do {
		new = rss_state_renew(rss_state(id, RSS_FILE, 0), old);
	} while (!page_container_cmpxchg(f->pc, &old, new));
	return new;
}

static void queue_test_exit(struct kunit *test)
{
	struct queue_fixture *f = test->priv;

	if (!f)
		return;
	/* Batches of a CPU may still hold entries of these containers. */
	rss_pending_drain(true);
	rss_lists_free(f->rss);
	rss_lists_free(f->other);
	name_page(f, 0);
	__free_page(f->page);
	rss_id_retire(f->rss);
	rss_id_retire(f->other);
}

/*
 * An entry of a small folio that is stale: there is no such page. Only for
 * code that does not determine its node.
 */
static u64 stale_entry(unsigned int nr, enum rss_list list)
{
	return rss_entry_small(RSS_ENTRY_PFN - nr, 0, list);
}

/* The number that stale_entry() got. */
static unsigned int stale_nr(u64 entry)
{
	return RSS_ENTRY_PFN - rss_entry_pfn(entry);
}

/* An entry for the page, good until the record is renewed. */
static u64 good_entry(struct queue_fixture *f)
{
	return rss_entry(page_to_pfn(f->page), name_page(f, f->rss->id),
			 RSS_INACTIVE_FILE);
}

static bool push(struct rss_node *node, u64 entry)
{
	bool pushed;

	spin_lock(&node->lock);
	pushed = rss_queue_push(node, entry);
	spin_unlock(&node->lock);
	return pushed;
}

static u64 pop(struct rss_node *node, enum rss_list list)
{
	u64 entry;

	spin_lock(&node->lock);
	entry = rss_queue_pop(node, list);
	spin_unlock(&node->lock);
	return entry;
}

static void push_stale(struct kunit *test, struct rss_node *node,
		       unsigned int from, unsigned int nr)
{
	unsigned int i;

	for (i = from; i < from + nr; i++)
		KUNIT_ASSERT_TRUE(test, push(node, stale_entry(i,
							       RSS_ACTIVE_FILE)));
}

static void pop_stale(struct kunit *test, struct rss_node *node,
		      unsigned int from, unsigned int nr)
{
	unsigned int i;

	for (i = from; i < from + nr; i++)
		KUNIT_EXPECT_EQ(test, stale_nr(pop(node, RSS_ACTIVE_FILE)), i);
}

static void expect_empty(struct kunit *test, struct rss_node *node)
{
	int list;

	for (list = 0; list < NR_RSS_LISTS; list++) {
		KUNIT_EXPECT_EQ(test, node->nr[list], 0);
		KUNIT_EXPECT_EQ(test, node->size[list], 0);
		KUNIT_EXPECT_TRUE(test, list_empty(&node->lists[list]));
	}
	KUNIT_EXPECT_TRUE(test, rss_node_empty(node));
}

/* The oldest entry comes first, whatever batch it is in. */
static void queue_order_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	unsigned int nr = 3 * RSS_BATCH_NR + 5;

	push_stale(test, f->node, 0, nr);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE], nr);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_ACTIVE_FILE], nr);

	pop_stale(test, f->node, 0, RSS_BATCH_NR + 1);
	push_stale(test, f->node, nr, RSS_BATCH_NR);
	pop_stale(test, f->node, RSS_BATCH_NR + 1, nr - 1);
	KUNIT_EXPECT_EQ(test, pop(f->node, RSS_ACTIVE_FILE), 0);
	expect_empty(test, f->node);
}

/* A large folio is one entry, and each list counts its own. */
static void queue_size_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u64 large = rss_entry(512, rss_state(0, RSS_ANON, 9),
			      RSS_INACTIVE_ANON);

	KUNIT_ASSERT_TRUE(test, push(f->node, large));
	KUNIT_ASSERT_TRUE(test, push(f->node,
				     stale_entry(0, RSS_INACTIVE_ANON)));
	KUNIT_ASSERT_TRUE(test, push(f->node, stale_entry(1, RSS_UNEVICTABLE)));
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_ANON], 2);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_INACTIVE_ANON], 513);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_UNEVICTABLE], 1);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_UNEVICTABLE], 1);

	KUNIT_EXPECT_EQ(test, pop(f->node, RSS_INACTIVE_ANON), large);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_INACTIVE_ANON], 1);
	KUNIT_EXPECT_EQ(test, pop(f->node, RSS_ACTIVE_ANON), 0);
	KUNIT_EXPECT_FALSE(test, rss_node_empty(f->node));
}

/* A batch of @nr entries starting at @from; the first @skip are taken. */
static struct rss_batch *stale_batch(struct kunit *test, unsigned int from,
				     unsigned int nr, unsigned int skip)
{
	struct rss_batch *batch = rss_batch_alloc();

	KUNIT_ASSERT_NOT_NULL(test, batch);
	while (batch->end < nr) {
		batch->entry[batch->end] = stale_entry(from + batch->end,
						       RSS_ACTIVE_FILE);
		batch->end++;
	}
	batch->first = skip;
	return batch;
}

static void link_batch(struct rss_node *node, struct rss_batch *batch)
{
	spin_lock(&node->lock);
	rss_queue_link(node, RSS_ACTIVE_FILE, batch);
	spin_unlock(&node->lock);
}

/* The batch at the head is filled further; the new one comes next. */
static void queue_link_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;

	link_batch(f->node, stale_batch(test, 0, 10, 3));
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE], 7);
	push_stale(test, f->node, 10, RSS_BATCH_NR);
	link_batch(f->node, stale_batch(test, 100, RSS_BATCH_NR, 0));
	push_stale(test, f->node, 10 + RSS_BATCH_NR, 1);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE],
			8 + 2 * RSS_BATCH_NR);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_ACTIVE_FILE],
			8 + 2 * RSS_BATCH_NR);

	/* Up to the end of the first batch, which is at the head by now. */
	pop_stale(test, f->node, 3, RSS_BATCH_NR - 3);
	pop_stale(test, f->node, 100, RSS_BATCH_NR);
	pop_stale(test, f->node, RSS_BATCH_NR, 11);
	expect_empty(test, f->node);
}

/* Unless the head has so many entries that the new ones are not found. */
static void queue_link_full_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;

	push_stale(test, f->node, 0, RSS_NEWCOMER_GAP);
	link_batch(f->node, stale_batch(test, RSS_NEWCOMER_GAP, RSS_BATCH_NR,
					0));
	push_stale(test, f->node, RSS_NEWCOMER_GAP + RSS_BATCH_NR, 1);
	pop_stale(test, f->node, 0, RSS_NEWCOMER_GAP + RSS_BATCH_NR + 1);
	expect_empty(test, f->node);
}

struct queue_walk {
	unsigned int nr;
	unsigned int wrong;
	unsigned int newest;
	unsigned int most;
};

static bool walk_fn(struct rss_node *node, u64 entry, void *arg)
{
	struct queue_walk *walk = arg;

	walk->wrong += stale_nr(entry) != walk->newest - walk->nr;
	return ++walk->nr < walk->most;
}

static void walk(struct rss_node *node, struct queue_walk *walk)
{
	spin_lock(&node->lock);
	rss_queue_walk(node, RSS_ACTIVE_FILE, walk_fn, walk);
	spin_unlock(&node->lock);
}

/* The newest entry comes first, and the walk stops when told to. */
static void queue_walk_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	unsigned int nr = 2 * RSS_BATCH_NR + 2;
	struct queue_walk all = { .newest = nr - 1, .most = UINT_MAX };
	struct queue_walk some = { .newest = nr - 1, .most = RSS_BATCH_NR };

	push_stale(test, f->node, 0, nr);
	pop_stale(test, f->node, 0, 3);
	walk(f->node, &all);
	KUNIT_EXPECT_EQ(test, all.nr, nr - 3);
	KUNIT_EXPECT_EQ(test, all.wrong, 0);
	walk(f->node, &some);
	KUNIT_EXPECT_EQ(test, some.nr, RSS_BATCH_NR);
	KUNIT_EXPECT_EQ(test, some.wrong, 0);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE], nr - 3);
}

/* Keep three of ten entries; examine a limited number. */
static enum rss_entry_verdict rotate_fn(struct rss_node *node, u64 entry,
					void *arg)
{
	unsigned int *left = arg;

	if (!*left)
		return RSS_ENTRY_STOP;
	(*left)--;
	return stale_nr(entry) % 10 < 3 ? RSS_ENTRY_KEEP : RSS_ENTRY_DROP;
}

/* Returns how many entries of @most were examined. */
static unsigned int rotate(struct rss_node *node, unsigned int most)
{
	unsigned int left = most;

	spin_lock(&node->lock);
	rss_queue_rotate(node, RSS_ACTIVE_FILE, rotate_fn, &left);
	spin_unlock(&node->lock);
	return most - left;
}

/* Dropped entries are gone, the rest is at the head in the same order. */
static void queue_rotate_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	unsigned int i;

	push_stale(test, f->node, 0, 100);
	KUNIT_EXPECT_EQ(test, rotate(f->node, 50), 50);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE], 65);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_ACTIVE_FILE], 65);
	pop_stale(test, f->node, 50, 50);
	for (i = 0; i < 50; i++)
		if (i % 10 < 3)
			pop_stale(test, f->node, i, 1);
	expect_empty(test, f->node);
}

/* Each entry is met once, in however few batches they are. */
static void queue_rotate_all_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	unsigned int nr;

	for (nr = 10; nr <= 3 * RSS_BATCH_NR; nr += 10) {
		push_stale(test, f->node, 0, nr);
		KUNIT_EXPECT_EQ(test, rotate(f->node, UINT_MAX), nr);
		KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE], nr / 10 * 3);
		KUNIT_EXPECT_EQ(test, f->node->size[RSS_ACTIVE_FILE],
				nr / 10 * 3);
		while (pop(f->node, RSS_ACTIVE_FILE))
			;
		expect_empty(test, f->node);
	}
}

/* It examines few batches at once, and leaves no more than needed. */
static void queue_rotate_many_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	unsigned int nr = 20 * RSS_BATCH_NR, looked = 0, looks = 0;
	unsigned long before = rss_queue_batches();

	push_stale(test, f->node, 0, nr);
	while (looked < nr && looks++ < nr) {
		unsigned int now = rotate(f->node, nr - looked);

		KUNIT_EXPECT_LE(test, now, RSS_ROTATE_BATCHES * RSS_BATCH_NR);
		looked += now;
	}
	KUNIT_EXPECT_EQ(test, looked, nr);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_ACTIVE_FILE], nr / 10 * 3);
	/* At least half full on average. */
	KUNIT_EXPECT_LE(test, rss_queue_batches() - before,
			2 * (nr / 10 * 3) / RSS_BATCH_NR + 2);
}

static void trim(struct rss_node *node, unsigned int nr)
{
	rcu_read_lock();
	spin_lock(&node->lock);
	rss_queue_trim(node, RSS_INACTIVE_FILE, nr);
	spin_unlock(&node->lock);
	rcu_read_unlock();
}

/* It drops no more than told to, and stops at the first good entry. */
static void queue_trim_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u64 entry = good_entry(f);
	unsigned int i;

	for (i = 0; i < RSS_BATCH_NR + 10; i++)
		push(f->node, stale_entry(i, RSS_INACTIVE_FILE));
	push(f->node, entry);
	push(f->node, stale_entry(i, RSS_INACTIVE_FILE));

	trim(f->node, 5);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], RSS_BATCH_NR + 7);
	trim(f->node, UINT_MAX);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], 2);
	KUNIT_EXPECT_EQ(test, f->node->size[RSS_INACTIVE_FILE], 2);

	/* Entries with another GEN or of another container are stale. */
	good_entry(f);
	trim(f->node, 1);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], 1);
	trim(f->node, 2);
	push(f->node, good_entry(f));
	name_page(f, f->other->id);
	trim(f->node, 2);
	expect_empty(test, f->node);
}

/* The record of an unmapped page is cleared when its entry is dropped. */
static void queue_resolve_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u64 entry = good_entry(f);

	rcu_read_lock();
	KUNIT_EXPECT_PTR_EQ(test, rss_entry_record(f->node, entry), f->pc);
	KUNIT_EXPECT_NULL(test, rss_entry_resolve(f->node, entry));
	KUNIT_EXPECT_NULL(test, rss_entry_record(f->node, entry));
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, rss_state_id(page_container_state(f->pc)), 0);
}

static void queue_free_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	unsigned long before = rss_queue_batches();
	unsigned int i;

	push_stale(test, f->node, 0, 40 * RSS_BATCH_NR);
	for (i = 0; i < NR_RSS_LISTS; i++)
		KUNIT_EXPECT_TRUE(test, push(f->node, stale_entry(0, i)));
	KUNIT_EXPECT_EQ(test, rss_queue_batches(), before + 40 + NR_RSS_LISTS);
	rss_lists_free(f->rss);
	KUNIT_EXPECT_EQ(test, rss_queue_batches(), before);
	expect_empty(test, f->node);
}

static struct rss_container *from_id(u32 id)
{
	struct rss_container *rss;

	rcu_read_lock();
	rss = rss_from_id(id);
	rcu_read_unlock();
	return rss;
}

/* A retired id leads to no container and is not reused. */
static void id_retire_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u32 id = f->rss->id, other = f->other->id;

	KUNIT_EXPECT_GT(test, id, RSS_ROOT_ID);
	KUNIT_EXPECT_NE(test, id, other);
	KUNIT_EXPECT_PTR_EQ(test, from_id(id), f->rss);
	KUNIT_EXPECT_PTR_EQ(test, from_id(other), f->other);

	rss_id_retire(f->rss);
	KUNIT_EXPECT_NULL(test, from_id(id));
	KUNIT_EXPECT_PTR_EQ(test, from_id(other), f->other);
	/* Retiring twice makes no difference. */
	rss_id_retire(f->rss);

	KUNIT_ASSERT_EQ(test, rss_id_alloc(f->rss), 0);
	KUNIT_EXPECT_NE(test, f->rss->id, id);
	KUNIT_EXPECT_NE(test, f->rss->id, other);
	KUNIT_EXPECT_NULL(test, from_id(id));
}

static void id_none_test(struct kunit *test)
{
	KUNIT_EXPECT_NULL(test, from_id(0));
	KUNIT_EXPECT_NULL(test, from_id(RSS_ROOT_ID));
	KUNIT_EXPECT_NULL(test, from_id(RSS_ID_MAX));
}

/* As the hooks do. */
static void pending_add(struct rss_container *rss, u64 entry)
{
	rcu_read_lock();
	if (!rss_pending_try_add(rss, rss_entry_list(entry), entry))
		rss_pending_add_slow(rss, entry);
	rcu_read_unlock();
}

/* It reaches the list when drained. */
static void pending_drain_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u64 entry = good_entry(f);

	pending_add(f->rss, entry);
	rss_pending_drain(true);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], 1);
	KUNIT_EXPECT_TRUE(test, f->node->turn.linked);
	rss_pending_drain(true);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], 1);
	KUNIT_EXPECT_EQ(test, pop(f->node, RSS_INACTIVE_FILE), entry);
	expect_empty(test, f->node);
}

/* An entry that is stale by then is dropped. */
static void pending_stale_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;

	pending_add(f->rss, good_entry(f));
	name_page(f, f->rss->id);
	pending_add(f->rss, good_entry(f));
	name_page(f, f->other->id);
	pending_add(f->rss, good_entry(f));
	name_page(f, 0);
	rss_pending_drain(true);
	expect_empty(test, f->node);
	expect_empty(test, f->other->node[page_to_nid(f->page)]);
}

/* A full batch becomes part of the list without a drain. */
static void pending_full_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u64 stale = good_entry(f), entry = good_entry(f);
	unsigned int i;

	migrate_disable();
	/* Whatever was here before, a new batch is started. */
	pending_add(f->other, stale);
	for (i = 0; i < RSS_BATCH_NR; i++)
		pending_add(f->rss, entry);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], 0);
	pending_add(f->rss, entry);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], RSS_BATCH_NR);
	migrate_enable();

	rss_pending_drain(true);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], RSS_BATCH_NR + 1);
}

/* So does a batch, full or not, when another container maps pages here. */
static void pending_turn_test(struct kunit *test)
{
	struct queue_fixture *f = test->priv;
	u64 stale = good_entry(f), entry = good_entry(f);

	migrate_disable();
	pending_add(f->rss, entry);
	pending_add(f->other, stale);
	KUNIT_EXPECT_EQ(test, f->node->nr[RSS_INACTIVE_FILE], 1);
	migrate_enable();
	KUNIT_EXPECT_EQ(test, pop(f->node, RSS_INACTIVE_FILE), entry);
}

static struct kunit_case queue_cases[] = {
	KUNIT_CASE(queue_order_test),
	KUNIT_CASE(queue_size_test),
	KUNIT_CASE(queue_link_test),
	KUNIT_CASE(queue_link_full_test),
	KUNIT_CASE(queue_walk_test),
	KUNIT_CASE(queue_rotate_test),
	KUNIT_CASE(queue_rotate_all_test),
	KUNIT_CASE(queue_rotate_many_test),
	KUNIT_CASE(queue_trim_test),
	KUNIT_CASE(queue_resolve_test),
	KUNIT_CASE(queue_free_test),
	KUNIT_CASE(id_retire_test),
	KUNIT_CASE(id_none_test),
	KUNIT_CASE(pending_drain_test),
	KUNIT_CASE(pending_stale_test),
	KUNIT_CASE(pending_full_test),
	KUNIT_CASE(pending_turn_test),
	{ }
};

static struct kunit_suite queue_suite = {
	.name = "rss_queue",
	.init = queue_test_init,
	.exit = queue_test_exit,
	.test_cases = queue_cases,
};

kunit_test_suite(queue_suite);
