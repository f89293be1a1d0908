// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: entries on their way to the lists.
 *
 * Who maps a page first has to put an entry on a list of its container, under the
 * page table lock. To take the lock of the lists for one page at a time would let
 * all CPUs of a container contend for it. So entries wait on the CPU until there is
 * a batch of them, or another container's turn comes. A full batch becomes part of
 * the list as it is.
 *
 * Only the CPU itself adds entries there. Any may take them: a container whose few
 * pages wait on some CPU could reclaim nothing, and the last ones would wait on a
 * CPU that maps nothing any more.
 */

#include <linux/init.h>
#include <linux/mm.h>

#include "queue.h"

/* In the place of none: nothing can be added. */
static struct rss_batch rss_batch_full = {
	.first = RSS_BATCH_NR,
};

#define RSS_NO_SLOT	(rss_batch_full.entry + RSS_BATCH_NR)

DEFINE_PER_CPU(struct rss_pending, rss_pending) = {
	.next = { [0 ... NR_RSS_LISTS - 1] = RSS_NO_SLOT },
	.lock = __RAW_SPIN_LOCK_UNLOCKED(rss_pending.lock),
};

/* On the list of whom it belongs to by its record. */
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

/* Whose they are is not known. */
static void rss_pending_place_batch(struct rss_batch *batch)
{
	for (; batch->first < batch->end; batch->first++)
		rss_pending_place(batch->entry[batch->first]);
	rss_batch_free(batch);
}

/**
 * struct rss_taken - batches that were taken from a CPU
 * @owner: whose the batches are, NULL if not known
 * @batch: those of @owner, by enum rss_list
 * @full: one of the container that goes on
 * @done: that was somebody else's turn before; not twice
 */
struct rss_taken {
	struct rss_container *owner;
	struct rss_batch *batch[NR_RSS_LISTS];
	struct rss_batch *full;
	bool done;
};

/* Takes a batch away and puts another one there. Returns NULL if there was none. */
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

/* Lets @rss have the CPU. Batches without entries stay. */
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

/* @batch is used if there is no other. Returns false if there is none at all. */
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
 * The usual case: a batch is full, and the same container goes on. Returns false if it
 * is another one.
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
 * rss_pending_add_slow - put an entry on the list that it names, soon
 * @rss: the container; alive in this RCU read side critical section
 * @entry: the entry, of a small folio
 *
 * If another container's turn comes, or a batch is full. The lists may sleep on
 * PREEMPT_RT: batches are put there once out of preempt_disable().
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
	 * The owner is not freed if any of its entries were there in this section of
	 * RCU: rss_lru_reparent() takes them before it lets go of it.
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

/* Takes some entries away, the oldest of each list first. Returns how many. */
static unsigned int rss_pending_take(struct rss_pending *pending,
				     u64 entries[RSS_PENDING_TAKE])
{
	enum rss_list list;
	unsigned int nr = 0;

	raw_spin_lock(&pending->lock);
	/* The CPU takes the lock before it adds more, and is seen again by that. */
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
 * rss_pending_drain - put what waits on all CPUs on the lists
 * @all: also what was being added when this was done before
 *
 * Of any container: that costs no more than to find out whose it is.
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
