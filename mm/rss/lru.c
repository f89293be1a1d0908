// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: the lists of a container.
 *
 * A list gets an entry when a page is mapped by another container than last
 * time. Whether the page is still mapped, mlocked or in use is checked when a
 * scan meets the entry. Until then, it may be on the wrong list.
 */

#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/swap.h>

#include <trace/events/rss_container.h>

#include "queue.h"

void rss_node_init(struct rss_container *rss, int nid)
{
	struct rss_node *node = rss->node[nid];
	int list;

	node->rss = rss;
	node->turn.nid = nid;
	/* lock_stat and lockdep show this name. */
	spin_lock_init(&rss->node[nid]->lock);
	for (list = 0; list < NR_RSS_LISTS; list++)
		INIT_LIST_HEAD(&node->lists[list]);
}

/* Whether there may be records that say LOST. */
static bool rss_any_lost;

/* Without memory for an entry, mark its record for rss_find_lost(). */
static void rss_lose(struct rss_node *node, u64 entry)
{
	struct page_container *pc = pfn_page_container(rss_entry_pfn(entry));
	u64 state;

	if (!pc)
		return;
	state = page_container_state(pc);
	do {
		if (!rss_entry_good(entry, state, node->rss->id))
			return;
	} while (!page_container_cmpxchg(pc, &state, state | RSS_STATE_LOST));
	WRITE_ONCE(rss_any_lost, true);
}

/**
 * rss_list_add - add an entry to the list that it names
 * @node: the lists
 * @entry: the entry
 *
 * Context: @node's lock held, RCU read side.
 */
void rss_list_add(struct rss_node *node, u64 entry)
{
	lockdep_assert_held(&node->lock);

	if (unlikely(!rss_queue_push(node, entry)))
		rss_lose(node, entry);
	else if (unlikely(!node->turn.linked))
		rss_turns_begin(node);
}

/**
 * rss_lists_add - add entries to the lists that they name
 * @rss: the container
 * @entries: the entries, oldest first
 * @nr: number of entries
 *
 * Context: RCU read side; task.
 */
void rss_lists_add(struct rss_container *rss, const u64 *entries,
		   unsigned int nr)
{
	unsigned int i = 0;

	while (i < nr) {
		int nid = pfn_to_nid(rss_entry_pfn(entries[i]));
		struct rss_node *node = rss->node[nid];
		unsigned int first = i;

		spin_lock(&node->lock);
		do {
			rss_list_add(node, entries[i]);
		} while (++i < nr &&
			 pfn_to_nid(rss_entry_pfn(entries[i])) == nid);
		rss_queue_trim(node, rss_entry_list(entries[first]),
			       2 * (i - first));
		spin_unlock(&node->lock);
	}
}

/**
 * rss_list_record - add a new entry for a record to the list that it names
 * @rss: the container
 * @pfn: the page
 * @state: the state that the caller has written to the record
 *
 * Context: RCU read side; task.
 */
void rss_list_record(struct rss_container *rss, unsigned long pfn, u64 state)
{
	u64 entry = rss_state_entry(pfn, state);

	rss_lists_add(rss, &entry, 1);
}

/* Whether all entries of a batch are for pages of one node. */
static bool rss_batch_one_node(struct rss_batch *batch, int nid)
{
	unsigned int i;

	if (nr_node_ids == 1)
		return true;
	for (i = batch->first; i < batch->end; i++)
		if (pfn_to_nid(rss_entry_pfn(batch->entry[i])) != nid)
			return false;
	return true;
}

/**
 * rss_lists_link - add a batch of entries to a list
 * @rss: the container; not accessed if the batch is empty
 * @list: which list
 * @batch: entries of small folios; freed if they are few or of several nodes
 *
 * Context: RCU read side; task.
 */
void rss_lists_link(struct rss_container *rss, enum rss_list list,
		    struct rss_batch *batch)
{
	unsigned int nr = batch->end - batch->first;
	struct rss_node *node;
	int nid;

	if (nr > RSS_BATCH_NR / 2) {
		nid = pfn_to_nid(rss_entry_pfn(batch->entry[batch->first]));
		if (rss_batch_one_node(batch, nid)) {
			node = rss->node[nid];
			spin_lock(&node->lock);
			rss_queue_link(node, list, batch);
			if (unlikely(!node->turn.linked))
				rss_turns_begin(node);
			rss_queue_trim(node, list, 2 * nr);
			spin_unlock(&node->lock);
			return;
		}
	}
	if (nr)
		rss_lists_add(rss, batch->entry + batch->first, nr);
	rss_batch_free(batch);
}

/* Returns false if there is still no memory. */
static bool rss_find_one(struct page_container *pc, unsigned long pfn, void *arg)
{
	u64 old = page_container_state(pc), new;
	struct rss_container *rss;

	if (likely(!(old & RSS_STATE_LOST)))
		return true;
	rss = rss_from_id(rss_state_id(old));
	if (!rss)
		return true;
	new = rss_state_renew(old, old);
	if (!page_container_cmpxchg(pc, &old, new))
		return true;
	rss_list_record(rss, pfn, new);
	return !(page_container_state(pc) & RSS_STATE_LOST);
}

/**
 * rss_find_lost - add the entries for which there was no memory
 *
 * Walks the records of all pages, if any entry is missing.
 *
 * Context: may sleep.
 */
void rss_find_lost(void)
{
	static DEFINE_MUTEX(find_mutex);

	if (likely(!READ_ONCE(rss_any_lost)))
		return;
	/* Another task may be about to find the entries that this one needs. */
	mutex_lock(&find_mutex);
	if (READ_ONCE(rss_any_lost)) {
		WRITE_ONCE(rss_any_lost, false);
		/* Pairs with the cmpxchg in rss_lose(), after which it is set. */
		smp_mb();
		rss_walk_records(rss_find_one, NULL);
	}
	mutex_unlock(&find_mutex);
}

/**
 * rss_folio_lru - the list where a folio belongs by its flags
 * @folio: the folio
 * @type: the type that it is charged as
 *
 * Folios of ramfs, or under SHM_LOCK, always stay in memory, but can be
 * unmapped.
 *
 * Return: the list, among those for its type.
 */
enum rss_lru rss_folio_lru(struct folio *folio, enum rss_type type)
{
	if (folio_test_mlocked(folio))
		return RSS_MLOCKED;
	if (type == RSS_ANON && folio_test_unevictable(folio))
		return RSS_MLOCKED;
	return folio_test_active(folio) ? RSS_ACTIVE : RSS_INACTIVE;
}

/**
 * rss_set_lru - move a record to another list
 * @rss: the container that owns it
 * @pc: the record
 * @pfn: its page
 * @state: its state; nothing happens if that has changed
 * @lru: which list
 *
 * Context: RCU read side.
 * Return: true if it was moved, or keeps its list because the container is
 * dead; if false, @state is the current state.
 */
bool rss_set_lru(struct rss_container *rss, struct page_container *pc,
		 unsigned long pfn, u64 *state, enum rss_lru lru)
{
	u64 new = rss_state_renew(rss_state_set_lru(*state, lru), *state);

	/* See rss_lru_reparent(). */
	if (READ_ONCE(rss->dead))
		return true;
	if (!page_container_cmpxchg(pc, state, new))
		return false;
	rss_account_move(rss, rss_state_kind(*state), rss, rss_state_kind(new),
			 rss_state_nr(new));
	rss_list_record(rss, pfn, new);
	return true;
}

/**
 * rss_pass_up - pass a dead container's record to the nearest living ancestor
 * @rss: the dead container
 * @pc: the record
 * @pfn: its page
 * @state: its state, which names @rss; nothing happens if that has changed
 *
 * If that ancestor is the root, the page loses its owner.
 *
 * Context: RCU read side.
 * Return: true if it was passed; if false, @state is the current state.
 */
bool rss_pass_up(struct rss_container *rss, struct page_container *pc,
		 unsigned long pfn, u64 *state)
{
	/* Its lists are not reparented before this RCU section ends. */
	struct rss_container *heir = rss_online(rss);
	unsigned int kind = rss_state_kind(*state);
	long nr = rss_state_nr(*state);
	u64 new;

	new = rss_state_set_id(*state, heir ? heir->id : RSS_ROOT_ID);
	new = rss_state_renew(new, *state);
	if (!page_container_cmpxchg(pc, state, new))
		return false;

	if (!heir) {
		rss_account(rss, kind, -nr);
		return true;
	}
	rss_account_move(rss, kind, heir, kind, nr);
	rss_list_record(heir, pfn, new);
	return true;
}

/* Take one entry off a list, and pass up its record. */
static bool rss_reparent_one(struct rss_container *rss, struct rss_node *node,
			     enum rss_list list)
{
	struct page_container *pc;
	u64 entry, state;

	rcu_read_lock();
	spin_lock(&node->lock);
	entry = rss_queue_pop(node, list);
	spin_unlock(&node->lock);
	pc = entry ? rss_entry_resolve(node, entry) : NULL;
	if (pc) {
		state = page_container_state(pc);
		while (rss_state_id(state) == rss->id && rss_state_nr(state)) {
			unsigned int nr = rss_state_nr(state);

			if (!rss_pass_up(rss, pc, rss_entry_pfn(entry), &state))
				continue;
			rss->passed += nr;
			break;
		}
	}
	rcu_read_unlock();
	return entry;
}

/* Returns false if there were more than @nr. */
static bool rss_reparent_lists(struct rss_container *rss, unsigned int nr)
{
	int nid, list;

	for_each_node(nid) {
		struct rss_node *node = rss->node[nid];

		for (list = 0; list < NR_RSS_LISTS; list++) {
			while (rss_reparent_one(rss, node, list)) {
				if (!nr--)
					return false;
				if (!(nr % SWAP_CLUSTER_MAX))
					cond_resched();
			}
		}
	}
	return true;
}

/**
 * rss_lists_free - drop all entries of a container that owns nothing
 * @rss: the container
 *
 * Context: may sleep.
 */
void rss_lists_free(struct rss_container *rss)
{
	int nid, list;

	for_each_node(nid)
		for (list = 0; rss->node[nid] && list < NR_RSS_LISTS; list++)
			rss_queue_free(rss->node[nid], list);
}

/**
 * rss_lru_reparent - pass a container's pages to its nearest living ancestor
 * @rss: the container, dead for a grace period
 * @nr: look at about this many entries at most
 *
 * It gets no more pages, and none moves between its lists: hooks and scans see
 * that it is dead. The counts of its CPUs only decrease, so a sum of zero is
 * true however it was read, and then no entry needs to be looked at.
 *
 * Containers above and below each other may do this at the same time: a page
 * is never passed to a dead one.
 *
 * Context: may sleep. One caller at a time for each container.
 * Return: 0 if nothing is left, for good; -EAGAIN if there are more entries;
 * -EBUSY if some are still in the hands of other tasks.
 */
int rss_lru_reparent(struct rss_container *rss, unsigned int nr)
{
	struct rss_container *heir;

	rss_pending_drain(true);
	if (rss_owns_any(rss)) {
		if (!rss_reparent_lists(rss, nr))
			return -EAGAIN;
		rss_find_lost();
		if (rss_owns_any(rss))
			return -EBUSY;
	}
	rss_lists_free(rss);

	rcu_read_lock();
	heir = rss_online(rss) ?: rss_root;
	trace_rss_container_reparent(rss_trace_id(rss), rss_trace_id(heir),
				     rss->passed);
	rcu_read_unlock();
	return 0;
}
