// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: lists as queues of batches.
 *
 * A list of a container is a queue of entries, see page.h, in batches: new ones
 * are added at the head, scans take them from the tail. Nothing is ever taken out of
 * the middle: an entry becomes stale by a change of its page's record, which takes
 * no lock, and is dropped when it gets to the tail.
 *
 * So there may be more entries than pages. Who adds some looks at the tail for
 * twice as many and drops those that are stale (rss_queue_trim()). What is behind
 * one that is good is for a worker, which goes through all lists when there are
 * entries for much more than there is memory.
 */

#include <linux/atomic.h>
#include <linux/cgroup.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "queue.h"

static struct kmem_cache *rss_batch_cache __ro_after_init;

/* For who finds no memory and can't wait. */
static DEFINE_PER_CPU(struct rss_batch *, rss_batch_spare);

/* How many there are, and with how many to begin to look for stale entries. */
static atomic_long_t rss_batches = ATOMIC_LONG_INIT(0);
static unsigned long rss_compact_at = ULONG_MAX;

static void rss_compact_fn(struct work_struct *work);
static DECLARE_WORK(rss_compact_work, rss_compact_fn);

/**
 * rss_batch_prepare - have a batch for this CPU at hand
 *
 * For who can't wait for memory later.
 *
 * Context: may sleep.
 */
void rss_batch_prepare(void)
{
	struct rss_batch *batch;

	if (likely(this_cpu_read(rss_batch_spare)))
		return;
	batch = kmem_cache_alloc(rss_batch_cache, GFP_KERNEL | __GFP_NORETRY |
				 __GFP_NOWARN);
	if (!batch)
		return;
	/* On another CPU by now, maybe, or others were quicker. */
	batch = this_cpu_xchg(rss_batch_spare, batch);
	if (batch)
		kmem_cache_free(rss_batch_cache, batch);
}

/**
 * rss_batch_alloc - get an empty batch without waiting
 *
 * Return: the batch; NULL if there is no memory.
 */
struct rss_batch *rss_batch_alloc(void)
{
	struct rss_batch *batch;

	batch = kmem_cache_alloc(rss_batch_cache, GFP_NOWAIT | __GFP_NOWARN);
	if (unlikely(!batch))
		batch = this_cpu_xchg(rss_batch_spare, NULL);
	if (unlikely(!batch))
		return NULL;
	batch->first = 0;
	batch->end = 0;
	if (unlikely(atomic_long_inc_return(&rss_batches) >
		     READ_ONCE(rss_compact_at)))
		rss_queue_work(&rss_compact_work);
	return batch;
}

/**
 * rss_batch_free - free a batch
 * @batch: the batch, in no queue
 */
void rss_batch_free(struct rss_batch *batch)
{
	kmem_cache_free(rss_batch_cache, batch);
	atomic_long_dec(&rss_batches);
}

static struct rss_batch *rss_first_batch(struct rss_node *node,
					 enum rss_list list)
{
	return list_first_entry_or_null(&node->lists[list], struct rss_batch,
					link);
}

static struct rss_batch *rss_last_batch(struct rss_node *node,
					enum rss_list list)
{
	return list_empty(&node->lists[list]) ? NULL :
	       list_last_entry(&node->lists[list], struct rss_batch, link);
}

/* Adds an entry at the head of a list, and does not count it. */
static bool rss_queue_put(struct rss_node *node, enum rss_list list, u64 entry)
{
	struct rss_batch *batch = rss_first_batch(node, list);

	if (!batch || batch->end == RSS_BATCH_NR) {
		batch = rss_batch_alloc();
		if (unlikely(!batch))
			return false;
		list_add(&batch->link, &node->lists[list]);
	}
	batch->entry[batch->end++] = entry;
	return true;
}

/**
 * rss_queue_push - add an entry at the head of the list that it names
 * @node: the lists
 * @entry: the entry
 *
 * Context: @node's lock held.
 * Return: false if there is no memory for it.
 */
bool rss_queue_push(struct rss_node *node, u64 entry)
{
	enum rss_list list = rss_entry_list(entry);

	lockdep_assert_held(&node->lock);

	if (!rss_queue_put(node, list, entry))
		return false;
	node->nr[list]++;
	node->size[list] += rss_entry_pages(entry);
	return true;
}

/**
 * rss_queue_link - add a batch of entries near the head of a list
 * @node: the lists
 * @list: which list
 * @batch: the batch, not empty; all its entries are of small folios of the node
 *
 * Behind the one that is being filled, which would stay as it is else. Not behind many
 * entries: rss_age_newcomers() has to find these.
 *
 * Context: @node's lock held.
 */
void rss_queue_link(struct rss_node *node, enum rss_list list,
		    struct rss_batch *batch)
{
	struct rss_batch *head = rss_first_batch(node, list);
	unsigned int nr = batch->end - batch->first;

	lockdep_assert_held(&node->lock);

	list_add(&batch->link, head && head->end < RSS_NEWCOMER_GAP ?
			       &head->link : &node->lists[list]);
	node->nr[list] += nr;
	node->size[list] += nr;
}

/* The oldest entry of a list, 0 if there is none. */
static u64 rss_queue_tail(struct rss_node *node, enum rss_list list)
{
	struct rss_batch *batch = rss_last_batch(node, list);

	lockdep_assert_held(&node->lock);

	return batch ? batch->entry[batch->first] : 0;
}

/**
 * rss_queue_pop - take the oldest entry off a list
 * @node: the lists
 * @list: which list
 *
 * Context: @node's lock held.
 * Return: the entry, 0 if there is none.
 */
u64 rss_queue_pop(struct rss_node *node, enum rss_list list)
{
	struct rss_batch *batch = rss_last_batch(node, list);
	u64 entry;

	lockdep_assert_held(&node->lock);

	if (!batch)
		return 0;
	entry = batch->entry[batch->first++];
	if (batch->first == batch->end) {
		list_del(&batch->link);
		rss_batch_free(batch);
	}
	node->nr[list]--;
	node->size[list] -= rss_entry_pages(entry);
	return entry;
}

/* A part of the last batch goes to the head; the rest stays, from @done on. */
static void rss_queue_rotate_part(struct rss_node *node, enum rss_list list,
				  struct rss_batch *batch, unsigned int kept,
				  unsigned int done)
{
	unsigned int i = batch->first, left;

	while (i < kept && rss_queue_put(node, list, batch->entry[i]))
		i++;
	/* What there is no memory for does not rotate. */
	left = kept - i;
	memmove(batch->entry + done - left, batch->entry + i,
		left * sizeof(batch->entry[0]));
	batch->first = done - left;
}

/**
 * rss_queue_rotated - put what rss_queue_rotate() has kept of a batch at the head
 * @node: the lists
 * @list: which list
 * @batch: the last batch of the list
 * @kept: those from @first up to here are kept
 * @done: those from here on have not been looked at
 *
 * Two batches in a row are more than one half full on average: else they are made
 * one.
 *
 * Context: @node's lock held.
 */
void rss_queue_rotated(struct rss_node *node, enum rss_list list,
		       struct rss_batch *batch, unsigned int kept,
		       unsigned int done)
{
	struct rss_batch *head = rss_first_batch(node, list);
	unsigned int nr = kept - batch->first;

	if (done < batch->end) {
		rss_queue_rotate_part(node, list, batch, kept, done);
		return;
	}
	batch->end = kept;
	if (nr && head == batch)
		return;
	if (nr > RSS_BATCH_NR - head->end) {
		list_move(&batch->link, &node->lists[list]);
		return;
	}
	memcpy(head->entry + head->end, batch->entry + batch->first,
	       nr * sizeof(batch->entry[0]));
	head->end += nr;
	list_del(&batch->link);
	rss_batch_free(batch);
}

/**
 * rss_queue_walk - look at entries of a list, newest first
 * @node: the lists
 * @list: which list
 * @fn: what to do with each; false to go no further
 * @arg: for @fn
 *
 * Context: @node's lock held.
 */
void rss_queue_walk(struct rss_node *node, enum rss_list list,
		    bool (*fn)(struct rss_node *node, u64 entry, void *arg),
		    void *arg)
{
	struct rss_batch *batch;
	unsigned int i;

	lockdep_assert_held(&node->lock);

	list_for_each_entry(batch, &node->lists[list], link)
		for (i = batch->end; i > batch->first; i--)
			if (!fn(node, batch->entry[i - 1], arg))
				return;
}

/**
 * rss_queue_trim - drop stale entries at the tail of a list
 * @node: the lists
 * @list: which list
 * @nr: most to drop; goes no further than to one that is good
 *
 * Context: @node's lock held, RCU read side.
 */
void rss_queue_trim(struct rss_node *node, enum rss_list list, unsigned int nr)
{
	u64 entry;

	while (nr-- && (entry = rss_queue_tail(node, list)) &&
	       !rss_entry_record(node, entry))
		rss_queue_pop(node, list);
}

/* Batches to free at once, which is cheaper. */
#define RSS_FREE_BULK	32

/**
 * rss_queue_free - drop all entries of a list
 * @node: the lists of a container that owns nothing
 * @list: which list
 *
 * Context: may sleep.
 */
void rss_queue_free(struct rss_node *node, enum rss_list list)
{
	struct rss_batch *batch, *next;
	void *bulk[RSS_FREE_BULK];
	LIST_HEAD(batches);
	unsigned int nr = 0;

	if (list_empty(&node->lists[list]))
		return;
	spin_lock(&node->lock);
	list_splice_init(&node->lists[list], &batches);
	node->nr[list] = 0;
	node->size[list] = 0;
	spin_unlock(&node->lock);

	list_for_each_entry_safe(batch, next, &batches, link) {
		bulk[nr++] = batch;
		if (nr < RSS_FREE_BULK && !list_is_last(&batch->link, &batches))
			continue;
		kmem_cache_free_bulk(rss_batch_cache, nr, bulk);
		atomic_long_sub(nr, &rss_batches);
		nr = 0;
		cond_resched();
	}
}

static enum rss_entry_verdict rss_compact_entry(struct rss_node *node, u64 entry,
						void *left)
{
	unsigned int *nr = left;

	if (!*nr)
		return RSS_ENTRY_STOP;
	(*nr)--;
	return rss_entry_owned(node, entry) ? RSS_ENTRY_KEEP : RSS_ENTRY_DROP;
}

/*
 * Once around a list. What comes to it meanwhile may get in between: that is as
 * good as any place, as this happens once in so many pages as there are.
 */
static void rss_compact_list(struct rss_node *node, enum rss_list list)
{
	unsigned int left = READ_ONCE(node->nr[list]), before;

	do {
		before = left;
		rcu_read_lock();
		spin_lock(&node->lock);
		rss_queue_rotate(node, list, rss_compact_entry, &left);
		spin_unlock(&node->lock);
		rcu_read_unlock();
		cond_resched();
	} while (left && left != before);
}

static void rss_compact(struct rss_container *rss)
{
	int nid, list;

	for_each_node(nid)
		for (list = 0; list < NR_RSS_LISTS; list++)
			rss_compact_list(rss->node[nid], list);
}

/* One and a half for each page of memory: a third are stale then at least. */
static unsigned long rss_compact_least(void)
{
	return (totalram_pages() + totalram_pages() / 2) / RSS_BATCH_NR;
}

/*
 * Few entries may be in many batches, one for each list at least: it is no use to
 * come again before there are twice as many.
 */
static void rss_compact_fn(struct work_struct *work)
{
	struct rss_container *pos;
	unsigned long left;

	rss_for_each_in_subtree(pos, rss_root)
		if (!rss_is_root(pos))
			rss_compact(pos);
	left = atomic_long_read(&rss_batches);
	WRITE_ONCE(rss_compact_at, max(rss_compact_least(), 2 * left));
}

/**
 * rss_forget_entries - drop entries for pages that went offline
 *
 * None may be left: their node can't be told once the memory is gone, and what comes
 * in its place begins with the same GEN.
 *
 * Context: may sleep.
 */
void rss_forget_entries(void)
{
	rss_pending_drain(true);
	/* Those that were taken from a CPU just now are on a list after that. */
	synchronize_rcu();
	rss_queue_work(&rss_compact_work);
	flush_work(&rss_compact_work);
}

/**
 * rss_queue_batches - how many batches all lists have
 *
 * Return: their number.
 */
unsigned long rss_queue_batches(void)
{
	return atomic_long_read(&rss_batches);
}

static int __init rss_queue_init(void)
{
	BUILD_BUG_ON(sizeof(struct rss_batch) > RSS_BATCH_SIZE);
	BUILD_BUG_ON(FIELD_MAX(RSS_ENTRY_LIST) < NR_RSS_LISTS - 1);

	if (cgroup_subsys_enabled(rss_cgrp_subsys))
		rss_batch_cache = KMEM_CACHE(rss_batch, SLAB_PANIC);
	rss_compact_at = rss_compact_least();
	return 0;
}
subsys_initcall(rss_queue_init);
