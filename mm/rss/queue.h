/* SPDX-License-Identifier: GPL-2.0-only */
/* RSS controller: batches of entries, and entries that wait on a CPU. */
#ifndef _MM_RSS_QUEUE_H
#define _MM_RSS_QUEUE_H

#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>
#include <linux/swap.h>

#include "rss.h"

#define RSS_BATCH_SIZE	512
#define RSS_BATCH_NR	((RSS_BATCH_SIZE - sizeof(struct list_head) - 8) / 8)

/*
 * Newcomers are adjacent: if this many entries in a row are none, no more
 * follow, see rss_age_newcomers().
 */
#define RSS_NEWCOMER_GAP	SWAP_CLUSTER_MAX

/**
 * struct rss_batch - part of a queue
 * @link: in the queue
 * @first: index of the oldest entry left
 * @end: index behind the newest entry
 * @entry: the entries
 *
 * Protected by the lock of the queue; while it waits on a CPU, as described
 * for struct rss_pending.
 */
struct rss_batch {
	struct list_head link;
	unsigned int first;
	unsigned int end;
	u64 entry[RSS_BATCH_NR];
} __aligned(RSS_BATCH_SIZE);

/**
 * rss_entry_record - the record that an entry is for
 * @node: the lists that it is on
 * @entry: the entry
 *
 * Context: RCU read side.
 * Return: the record; NULL if the entry is stale.
 */
static inline struct page_container *rss_entry_record(struct rss_node *node,
						      u64 entry)
{
	struct page_container *pc = pfn_page_container(rss_entry_pfn(entry));

	return pc && rss_entry_good(entry, page_container_state(pc),
				    node->rss->id) ? pc : NULL;
}

/**
 * rss_entry_resolve - the record that an entry is for, if the page is mapped
 * @node: the lists that the entry was on; if this fails, it must be dropped
 * @entry: the entry
 *
 * The record of an unmapped page is cleared. The next first touch of the page
 * then adds an entry of its own.
 *
 * Context: RCU read side.
 * Return: the record; NULL for none.
 */
static inline struct page_container *rss_entry_resolve(struct rss_node *node,
						       u64 entry)
{
	struct page_container *pc = pfn_page_container(rss_entry_pfn(entry));
	u64 state;

	if (!pc)
		return NULL;
	state = page_container_state(pc);
	do {
		if (!rss_entry_good(entry, state, node->rss->id))
			return NULL;
		if (rss_state_busy(state))
			return pc;
	} while (!page_container_cmpxchg(pc, &state, rss_state_blank(state)));
	return NULL;
}

/**
 * struct rss_pending - entries that wait on a CPU
 * @rss: their container; NULL if a drain took them, except for one that was
 *	being added. If there are none, it may be gone: only compared then
 * @next: where the next entry for each list goes, in a batch of small folios.
 *	If that is full, or missing, this is behind its last slot. @end of the
 *	batch is set when it leaves the CPU
 * @lock: taken to take entries, by the CPU itself, too; protects @rss, @first
 *	of the batches, and which batches they are. Nothing nests inside
 *
 * To add an entry, the CPU itself takes no lock: with preemption off, @next is
 * its own, within a batch.
 */
struct rss_pending {
	struct rss_container *rss;
	u64 *next[NR_RSS_LISTS];
	raw_spinlock_t lock;
};

/* Batches are aligned to their size: the slot after the last one is in none. */
static inline bool rss_slot_free(const u64 *next)
{
	return !IS_ALIGNED((unsigned long)next, RSS_BATCH_SIZE);
}

static inline struct rss_batch *rss_slot_batch(const u64 *next)
{
	return (struct rss_batch *)ALIGN_DOWN((unsigned long)next - 1,
					      RSS_BATCH_SIZE);
}

DECLARE_PER_CPU(struct rss_pending, rss_pending);

/* pending.c */
void rss_pending_add_slow(struct rss_container *rss, u64 entry);

/**
 * rss_pending_try_add - add an entry to this CPU's batch for a list
 * @rss: the container; alive in this RCU read-side section
 * @list: which list
 * @entry: the entry, of a small folio, which names that list
 *
 * Context: RCU read side, task.
 * Return: false if that takes rss_pending_add_slow().
 */
static __always_inline bool rss_pending_try_add(struct rss_container *rss,
						enum rss_list list, u64 entry)
{
	bool added = false;
	u64 *next;

	preempt_disable();
	next = raw_cpu_read(rss_pending.next[list]);
	if (likely(raw_cpu_read(rss_pending.rss) == rss && rss_slot_free(next))) {
		*next = entry;
		/* Pairs with rss_pending_take(). */
		smp_wmb();
		raw_cpu_write(rss_pending.next[list], next + 1);
		added = true;
	}
	preempt_enable();
	return added;
}

/* queue.c */
struct rss_batch *rss_batch_alloc(void);
void rss_batch_free(struct rss_batch *batch);
bool rss_queue_push(struct rss_node *node, u64 entry);
void rss_queue_link(struct rss_node *node, enum rss_list list,
		    struct rss_batch *batch);
u64 rss_queue_pop(struct rss_node *node, enum rss_list list);
void rss_queue_walk(struct rss_node *node, enum rss_list list,
		    bool (*fn)(struct rss_node *node, u64 entry, void *arg),
		    void *arg);
void rss_queue_rotated(struct rss_node *node, enum rss_list list,
		       struct rss_batch *batch, unsigned int kept,
		       unsigned int done);
void rss_queue_trim(struct rss_node *node, enum rss_list list, unsigned int nr);
void rss_queue_free(struct rss_node *node, enum rss_list list);
unsigned long rss_queue_batches(void);

/* What to do with an entry that rss_queue_rotate() examines. */
enum rss_entry_verdict {
	RSS_ENTRY_KEEP,
	RSS_ENTRY_DROP,
	RSS_ENTRY_STOP,
};

/* Most batches to examine before the lock is dropped. */
#define RSS_ROTATE_BATCHES	4

/**
 * rss_queue_rotate - examine some entries of a list, oldest first
 * @node: the lists
 * @list: which list
 * @fn: called for each; adds nothing to the list
 * @arg: for @fn
 *
 * Entries that are kept move to the head, so that they are not met again
 * before the rest; each is met at most once. Usually that moves whole batches.
 *
 * Context: @node's lock held.
 */
static __always_inline void
rss_queue_rotate(struct rss_node *node, enum rss_list list,
		 enum rss_entry_verdict (*fn)(struct rss_node *node, u64 entry,
					      void *arg), void *arg)
{
	enum rss_entry_verdict verdict = RSS_ENTRY_KEEP;
	unsigned int left = node->nr[list], batches = RSS_ROTATE_BATCHES;

	lockdep_assert_held(&node->lock);

	while (left && batches-- && verdict != RSS_ENTRY_STOP) {
		struct rss_batch *batch = list_last_entry(&node->lists[list],
							  struct rss_batch, link);
		unsigned int kept = batch->first, done = batch->first;
		unsigned int end = min(batch->end, done + left);

		for (; done < end; done++) {
			u64 entry = batch->entry[done];

			verdict = fn(node, entry, arg);
			if (verdict == RSS_ENTRY_STOP)
				break;
			left--;
			if (verdict == RSS_ENTRY_KEEP) {
				batch->entry[kept++] = entry;
				continue;
			}
			node->nr[list]--;
			node->size[list] -= rss_entry_pages(entry);
		}
		rss_queue_rotated(node, list, batch, kept, done);
	}
}

/* lru.c */
void rss_lists_link(struct rss_container *rss, enum rss_list list,
		    struct rss_batch *batch);

#endif /* _MM_RSS_QUEUE_H */
