// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: entries on their way to the lists.
 *
 * A first touch adds an entry to a list of its container, under the page table
 * lock. If each page took the lock of the lists, all CPUs of a container would
 * contend for it. So entries wait on the CPU until there is a batch of them,
 * or another container has a first touch there. A full batch becomes part of
 * the list as it is.
 *
 * Only the CPU itself adds entries. Any CPU may take them: otherwise a
 * container whose few pages wait on CPUs could reclaim nothing, and the last
 * entries would be stuck on a CPU that maps nothing any more.
 */

#include <linux/init.h>
#include <linux/mm.h>

#include "queue.h"

/* Stands for no batch: nothing can be added. */
static struct rss_batch rss_batch_full = {
	.first = RSS_BATCH_NR,
};

#define RSS_NO_SLOT	(rss_batch_full.entry + RSS_BATCH_NR)

DEFINE_PER_CPU(struct rss_pending, rss_pending) = {
	.next = { [0 ... NR_RSS_LISTS - 1] = RSS_NO_SLOT },
	.lock = __RAW_SPIN_LOCK_UNLOCKED(rss_pending.lock),
};

/* Add an entry to the lists of the container that its record names. */
static void rss_pending_place(u64 entry)
{
	struct page_container *pc = pfn_page_container(rss_entry_pfn(entry));
	struct rss_container *rss;
	u64 state;

	if (!pc)
		return;
	state = page_container_state(pc);
	rss = rss_from_id(rss_state_id(state));
	if (rss && rss_entry_good(entry, state, rss->id))
		rss_lists_add(rss, &entry, 1);
}

/* For a batch whose owner is not known. */
static void rss_pending_place_batch(struct rss_batch *batch)
{
	for (; batch->first < batch->end; batch->first++)
		rss_pending_place(batch->entry[batch->first]);
	rss_batch_free(batch);
}

/**
 * struct rss_taken - batches that were taken from a CPU
 * @owner: the previous container, NULL if not known
 * @batch: its batches, by enum rss_list
 * @full: a full batch of the container that has the CPU now
 * @done: the CPU was taken over from @owner; this is done only once
 */
struct rss_taken {
	struct rss_container *owner;
	struct rss_batch *batch[NR_RSS_LISTS];
	struct rss_batch *full;
	bool done;
};

/* Replace a batch. Returns the old one, or NULL if there was none. */
static struct rss_batch *rss_pending_swap(struct rss_pending *pending,
					  enum rss_list list,
					  struct rss_batch *batch)
{
	u64 *next = pending->next[list];
	struct rss_batch *old = rss_slot_batch(next);

	lockdep_assert_held(&pending->lock);

	pending->next[list] = batch ? batch->entry + batch->end : RSS_NO_SLOT;
	if (old == &rss_batch_full)
		return NULL;
	old->end = next - old->entry;
	return old;
}

/* Give the CPU to @rss. Batches without entries stay. */
static void rss_pending_take_over(struct rss_pending *pending,
				  struct rss_container *rss,
				  struct rss_taken *taken)
{
	enum rss_list list;

	lockdep_assert_held(&pending->lock);

	taken->done = true;
	taken->owner = pending->rss;
	WRITE_ONCE(pending->rss, rss);
	for (list = 0; list < NR_RSS_LISTS; list++) {
		u64 *next = pending->next[list];
		struct rss_batch *batch = rss_slot_batch(next);

		if (batch == &rss_batch_full)
			continue;
		if (batch->entry + batch->first < next) {
			taken->batch[list] = rss_pending_swap(pending, list, NULL);
			continue;
		}
		batch->first = 0;
		pending->next[list] = batch->entry;
	}
}

/* Uses @batch if there is no other. Returns false if there is none at all. */
static bool rss_pending_add_locked(struct rss_container *rss, u64 entry,
				   struct rss_batch **batch,
				   struct rss_taken *taken)
{
	enum rss_list list = rss_entry_list(entry);
	struct rss_pending *pending;
	bool added;

	preempt_disable();
	pending = this_cpu_ptr(&rss_pending);
	raw_spin_lock(&pending->lock);
	if (pending->rss != rss && !taken->done)
		rss_pending_take_over(pending, rss, taken);
	if (*batch && pending->rss == rss &&
	    !rss_slot_free(pending->next[list])) {
		taken->full = rss_pending_swap(pending, list, *batch);
		*batch = NULL;
	}
	added = pending->rss == rss && rss_slot_free(pending->next[list]);
	if (added)
		*pending->next[list]++ = entry;
	raw_spin_unlock(&pending->lock);
	preempt_enable();
	return added;
}

/*
 * The usual case: a batch is full, and the container has not changed. Returns
 * false if it has, or without memory.
 */
static bool rss_pending_renew(struct rss_container *rss, u64 entry)
{
	enum rss_list list = rss_entry_list(entry);
	struct rss_batch *batch, *full = NULL;
	struct rss_pending *pending;

	batch = rss_batch_alloc();
	if (!batch)
		return false;
	batch->entry[0] = entry;
	batch->end = 1;

	preempt_disable();
	pending = this_cpu_ptr(&rss_pending);
	raw_spin_lock(&pending->lock);
	if (pending->rss == rss && !rss_slot_free(pending->next[list])) {
		full = rss_pending_swap(pending, list, batch);
		batch = NULL;
	}
	raw_spin_unlock(&pending->lock);
	preempt_enable();

	if (full)
		rss_lists_link(rss, list, full);
	if (batch)
		rss_batch_free(batch);
	return !batch;
}

/**
 * rss_pending_add_slow - add an entry if rss_pending_try_add() can't
 * @rss: the container; alive in this RCU read-side section
 * @entry: the entry, of a small folio
 *
 * For a change of container, or a full batch. List locks may sleep on
 * PREEMPT_RT, so batches are linked after preempt_enable().
 *
 * Context: RCU read side, task.
 */
void rss_pending_add_slow(struct rss_container *rss, u64 entry)
{
	struct rss_taken taken = { };
	struct rss_batch *batch = NULL;
	enum rss_list list;

	if (this_cpu_read(rss_pending.rss) == rss && rss_pending_renew(rss, entry))
		return;
	if (!rss_pending_add_locked(rss, entry, &batch, &taken)) {
		batch = rss_batch_alloc();
		if (!batch || !rss_pending_add_locked(rss, entry, &batch, &taken))
			rss_lists_add(rss, &entry, 1);
	}
	if (batch)
		rss_batch_free(batch);

	/*
	 * If any entries of the owner were found in this RCU read-side section,
	 * it is not freed before its end: rss_lru_reparent() drains them first.
	 */
	for (list = 0; list < NR_RSS_LISTS; list++) {
		if (!taken.batch[list])
			continue;
		if (taken.owner)
			rss_lists_link(taken.owner, list, taken.batch[list]);
		else
			rss_pending_place_batch(taken.batch[list]);
	}
	if (taken.full)
		rss_lists_link(rss, rss_entry_list(entry), taken.full);
}

/* Entries to take from a CPU at once. */
#define RSS_PENDING_TAKE	16

/* Take some entries, the oldest of each list first. Returns their number. */
static unsigned int rss_pending_take(struct rss_pending *pending,
				     u64 entries[RSS_PENDING_TAKE])
{
	enum rss_list list;
	unsigned int nr = 0;

	raw_spin_lock(&pending->lock);
	/* Makes the CPU take the lock, and set this, before it adds more. */
	WRITE_ONCE(pending->rss, NULL);
	for (list = 0; list < NR_RSS_LISTS; list++) {
		/* Pairs with rss_pending_try_add(). */
		u64 *next = smp_load_acquire(&pending->next[list]);
		struct rss_batch *batch = rss_slot_batch(next);

		while (batch->entry + batch->first < next && nr < RSS_PENDING_TAKE)
			entries[nr++] = batch->entry[batch->first++];
	}
	raw_spin_unlock(&pending->lock);
	return nr;
}

static void rss_pending_drain_cpu(struct rss_pending *pending)
{
	u64 entries[RSS_PENDING_TAKE];
	unsigned int nr, i;

	do {
		rcu_read_lock();
		nr = rss_pending_take(pending, entries);
		for (i = 0; i < nr; i++)
			rss_pending_place(entries[i]);
		rcu_read_unlock();
	} while (nr == RSS_PENDING_TAKE);
}

/**
 * rss_pending_drain - move the entries that wait on all CPUs to the lists
 * @all: also look for entries that were being added during the last drain
 *
 * For all containers: selecting one would cost as much.
 *
 * Context: task. Waits for no other CPU.
 */
void rss_pending_drain(bool all)
{
	struct rss_pending *pending;
	int cpu;

	for_each_possible_cpu(cpu) {
		pending = per_cpu_ptr(&rss_pending, cpu);
		if (all || READ_ONCE(pending->rss))
			rss_pending_drain_cpu(pending);
	}
}
