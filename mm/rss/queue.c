// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: lists as queues of batches.
 *
 * A list of a container is a queue of entries, see page.h, in batches. New
 * entries are added at the head, scans take them from the tail, and none is
 * removed from the middle. An entry becomes stale when its page's record
 * changes, which takes no lock, and is dropped when it reaches the tail.
 *
 * So there may be more entries than pages. Adding entries also examines twice
 * as many at the tail and drops stale ones (rss_queue_trim()), up to the first
 * good one. A worker drops those behind that: it walks all lists when there
 * are many more entries than pages of memory.
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

/* For tasks that find no memory and can't wait. */
static DEFINE_PER_CPU(struct rss_batch *, rss_batch_spare);

/* Number of batches, and the number at which to compact the lists. */
static atomic_long_t rss_batches = ATOMIC_LONG_INIT(0);
static unsigned long rss_compact_at = ULONG_MAX;

static void rss_compact_fn(struct work_struct *work);
static DECLARE_WORK(rss_compact_work, rss_compact_fn);

/**
 * rss_batch_prepare - have a spare batch ready on this CPU
 *
 * For use where waiting for memory is impossible.
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
	/* The CPU may have changed, or another task filled it first. */
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

/* Add an entry at the head of a list without counting it. */
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
 * @batch: the batch, not empty; all its entries are of small folios of the
 *	node
 *
 * It goes behind the batch that is being filled, so that this continues, but
 * not behind many entries: rss_age_newcomers() must find it.
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

/* Move a part of the last batch to the head; entries from @done on stay. */
static void rss_queue_rotate_part(struct rss_node *node, enum rss_list list,
				  struct rss_batch *batch, unsigned int kept,
				  unsigned int done)
{
	unsigned int i = batch->first, left;

	while (i < kept && rss_queue_put(node, list, batch->entry[i]))
		i++;
	/* Without memory, entries do not rotate. */
	left = kept - i;
	memmove(batch->entry + done - left, batch->entry + i,
		left * sizeof(batch->entry[0]));
	batch->first = done - left;
}

/**
 * rss_queue_rotated - move entries kept by rss_queue_rotate() to the head
 * @node: the lists
 * @list: which list
 * @batch: the last batch of the list
 * @kept: entries from @first up to here are kept
 * @done: entries from here on have not been examined
 *
 * Merges two adjacent batches unless they are more than half full on average.
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
 * rss_queue_walk - walk the entries of a list, newest first
 * @node: the lists
 * @list: which list
 * @fn: called for each; returns false to stop
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

/* Like rss_entry_record(), which looks up @chunks and @id for each entry. */
static __always_inline bool rss_entry_stale(struct rss_chunks *chunks,
					    u64 entry, u32 id)
{
	struct page_container *pc;

	return unlikely(!rss_chunk_record(chunks, rss_entry_pfn(entry), &pc)) ||
	       !rss_entry_good(entry, page_container_state(pc), id);
}

/**
 * rss_queue_trim - drop stale entries at the tail of a list
 * @node: the lists
 * @list: which list
 * @nr: most to drop; stops at the first good one
 *
 * Context: @node's lock held, RCU read side.
 */
void rss_queue_trim(struct rss_node *node, enum rss_list list, unsigned int nr)
{
	struct rss_chunks *chunks = rcu_dereference_raw(rss_chunks);
	struct rss_batch *batch;
	u32 id = node->rss->id;

	lockdep_assert_held(&node->lock);

	while (nr && (batch = rss_last_batch(node, list))) {
		unsigned int first = batch->first, i = first, more = 0;
		unsigned int end = first + min(batch->end - first, nr);

		for (; i < end; i++) {
			u64 entry = batch->entry[i];

			if (!rss_entry_stale(chunks, entry, id))
				break;
			if (unlikely(entry & RSS_ENTRY_ORDER))
				more += rss_entry_pages(entry) - 1;
		}
		nr = i < end ? 0 : nr - (i - first);
		batch->first = i;
		node->nr[list] -= i - first;
		node->size[list] -= i - first + more;
		if (i < batch->end)
			return;
		list_del(&batch->link);
		rss_batch_free(batch);
	}
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
	return rss_entry_resolve(node, entry) ? RSS_ENTRY_KEEP : RSS_ENTRY_DROP;
}

/*
 * Rotate a list once. Entries added meanwhile may get in between. That is
 * harmless, as it happens once in as many entries as there are pages.
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

/* 1.5 entries per page of RAM: at least a third of them are stale. */
static unsigned long rss_compact_least(void)
{
	return (totalram_pages() + totalram_pages() / 2) / RSS_BATCH_NR;
}

/*
 * Few entries may take many batches, at least one per list: do not run again
 * before their number has doubled.
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
 * None may stay: their node can't be told once the memory is gone, and new
 * memory in its place starts with the same GEN.
 *
 * Context: may sleep.
 */
void rss_forget_entries(void)
{
	rss_pending_drain(true);
	/* Entries that were just taken from a CPU are on a list after this. */
	synchronize_rcu();
	rss_queue_work(&rss_compact_work);
	flush_work(&rss_compact_work);
}

/**
 * rss_queue_batches - number of batches on all lists
 *
 * Return: their number.
 */
unsigned long rss_queue_batches(void)
{
	return atomic_long_read(&rss_batches);
}

static int __init rss_queue_init(void)
{
	/* The slot after the last one is in none, see rss_slot_free(). */
	BUILD_BUG_ON(offsetofend(struct rss_batch, entry) != RSS_BATCH_SIZE);
	BUILD_BUG_ON(FIELD_MAX(RSS_ENTRY_LIST) < NR_RSS_LISTS - 1);

	if (cgroup_subsys_enabled(rss_cgrp_subsys))
		/* kmemleak would miss those that are full and wait on a CPU. */
		rss_batch_cache = KMEM_CACHE(rss_batch,
					     SLAB_PANIC | SLAB_NOLEAKTRACE);
	rss_compact_at = rss_compact_least();
	return 0;
}
subsys_initcall(rss_queue_init);
