// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: the lists of a container.
 *
 * A record is put on a list when another container than last time maps the
 * page. That is all that charging does here. Whether the page is still mapped,
 * mlocked or has been used is found out when the isolator meets it, so pages
 * may be on the wrong list meanwhile.
 */

#include <linux/mm.h>
#include <linux/swap.h>

#include <trace/events/rss_container.h>

#include "rss.h"

void rss_node_init(struct rss_container *rss, int nid)
{
	struct rss_node *node = rss->node[nid];
	int list;

	node->rss = rss;
	node->turn.nid = nid;
	spin_lock_init(&node->lock);
	for (list = 0; list < NR_RSS_LISTS; list++)
		INIT_LIST_HEAD(&node->lists[list]);
}

/**
 * rss_list_add - put a record on a list
 * @node: the lists of the container that the record's state names
 * @pc: the record, linked nowhere
 * @list: which list
 *
 * Context: @node's lock held.
 */
void rss_list_add(struct rss_node *node, struct page_container *pc,
		  enum rss_list list)
{
	lockdep_assert_held(&node->lock);

	pc->list = list;
	list_add(&pc->lru, &node->lists[list]);
	node->size[list] += 1UL << rss_state_order(page_container_state(pc));
	if (unlikely(!node->turn.linked))
		rss_turns_begin(node);
}

/**
 * rss_list_del - take a record off its list
 * @node: the lists
 * @pc: the record
 * @state: that in which it was added; it may be unset already
 *
 * Context: @node's lock held.
 */
void rss_list_del(struct rss_node *node, struct page_container *pc, u64 state)
{
	lockdep_assert_held(&node->lock);

	list_del_init(&pc->lru);
	node->size[pc->list] -= 1UL << rss_state_order(state);
}

/**
 * rss_list_release - take a record off its list and away from its container
 * @node: the lists
 * @pc: the record
 * @old: the state that it has to be in
 * @new: the one to give it
 *
 * In this order, as without the container's id nobody needs this lock to put
 * the record on another list.
 *
 * Context: @node's lock held.
 * Return: false if the record is in another state and stays where it is.
 */
bool rss_list_release(struct rss_node *node, struct page_container *pc,
		      u64 old, u64 new)
{
	lockdep_assert_held(&node->lock);

	if (page_container_state(pc) != old)
		return false;
	rss_list_del(node, pc, old);
	if (page_container_cmpxchg(pc, &old, new))
		return true;
	/* Its owner mapped the page again. */
	rss_list_add(node, pc, pc->list);
	return false;
}

/**
 * rss_list_move - move a record to the head of another list, or of its own
 * @node: the lists
 * @pc: the record
 * @list: which list
 *
 * Context: @node's lock held.
 */
void rss_list_move(struct rss_node *node, struct page_container *pc,
		   enum rss_list list)
{
	rss_list_del(node, pc, page_container_state(pc));
	rss_list_add(node, pc, list);
}

/**
 * rss_lru_unlink - take a record that nobody owns off its list
 * @pc: the record
 * @old: its state. If it is another one by now nothing happens
 *
 * Context: RCU read side, or something else that keeps the container.
 */
void rss_lru_unlink(struct page_container *pc, u64 old)
{
	struct rss_container *home = rss_from_id(rss_state_id(old));
	struct rss_node *node;

	VM_WARN_ON_ONCE(rss_state_busy(old));
	if (!home) {
		page_container_cmpxchg(pc, &old, 0);
		return;
	}

	node = rss_pc_node(home, pc);
	spin_lock(&node->lock);
	rss_list_release(node, pc, old, 0);
	spin_unlock(&node->lock);
}

/**
 * rss_folio_list - where a folio belongs by its flags
 * @folio: the folio
 * @type: as what it is charged
 *
 * Folios of ramfs, or under SHM_LOCK, stay in memory for good. That does not
 * keep them from being unmapped.
 *
 * Return: the list.
 */
enum rss_list rss_folio_list(struct folio *folio, enum rss_type type)
{
	if (folio_test_mlocked(folio))
		return RSS_UNEVICTABLE;
	if (type == RSS_ANON && folio_test_unevictable(folio))
		return RSS_UNEVICTABLE;
	if (type == RSS_ANON)
		return folio_test_active(folio) ? RSS_ACTIVE_ANON :
						  RSS_INACTIVE_ANON;
	return folio_test_active(folio) ? RSS_ACTIVE_FILE : RSS_INACTIVE_FILE;
}

/**
 * rss_lru_link - make a container the home of a record that nobody owns
 * @pc: the record
 * @folio: its folio
 * @rss: the container, or NULL for nobody
 * @home: the state to give it, without pages; names @rss
 *
 * Locks of the old and the new home are taken one after the other, so others
 * may be quicker: the caller looks at the state and tries again.
 *
 * Context: RCU read side, page table lock held.
 * Return: @rss, or its parent if @rss went offline.
 */
struct rss_container *rss_lru_link(struct page_container *pc,
				   struct folio *folio,
				   struct rss_container *rss, u64 home)
{
	u64 old = page_container_state(pc);
	struct rss_node *node;

	if (rss_state_busy(old))
		return rss;
	if (old) {
		rss_lru_unlink(pc, old);
		old = 0;
	}
	if (!rss) {
		page_container_cmpxchg(pc, &old, home);
		return NULL;
	}

	node = rss_pc_node(rss, pc);
	spin_lock(&node->lock);
	/* Pairs with rss_lru_reparent(), which sets it before it locks. */
	if (rss->dead) {
		rss = rss_parent(rss);
	} else if (page_container_cmpxchg(pc, &old, home)) {
		pc->met = false;
		rss_list_add(node, pc,
			     rss_folio_list(folio, rss_state_type(home)));
	}
	spin_unlock(&node->lock);

	return rss;
}

/**
 * rss_lru_forget - unlink the record of a page that goes offline
 * @pc: the record
 */
void rss_lru_forget(struct page_container *pc)
{
	u64 state;

	rcu_read_lock();
	while ((state = page_container_state(pc))) {
		if (WARN_ON_ONCE(rss_state_busy(state)))
			break;
		rss_lru_unlink(pc, state);
	}
	rcu_read_unlock();
}

/*
 * Takes one record off the lists of @rss and to nobody. Returns the number of
 * pages.
 */
static unsigned int rss_orphan(struct rss_container *rss, struct rss_node *node,
			       struct page_container *pc)
{
	u64 old, new;

	/* Only the number of pages can change as long as we hold the lock. */
	do {
		old = page_container_state(pc);
		new = rss_state_set_id(old, RSS_ROOT_ID);
	} while (!rss_list_release(node, pc, old, new));

	rss_account(rss, rss_state_type(old), -(long)rss_state_nr(old));
	return rss_state_nr(old);
}

/*
 * Moves one record from the list that it is on at @rss to one of an ancestor.
 * Returns false if that is dead, too, and may be past the end of its own
 * rss_lru_reparent().
 */
static bool rss_adopt(struct rss_container *rss, struct rss_container *heir,
		      struct rss_node *node, struct page_container *pc)
{
	struct rss_node *heir_node = rss_pc_node(heir, pc);
	u64 old, new;
	bool dead;

	spin_lock_nested(&heir_node->lock, SINGLE_DEPTH_NESTING);
	/* Set before its lists are emptied, under this lock, as in rss_lru_link(). */
	dead = heir->dead;
	if (!dead) {
		old = page_container_state(pc);
		do {
			new = rss_state_set_id(old, heir->css.id);
		} while (!page_container_cmpxchg(pc, &old, new));

		rss_list_del(node, pc, old);
		rss_list_add(heir_node, pc, pc->list);
	}
	spin_unlock(&heir_node->lock);
	if (dead)
		return false;

	rss_account_move(rss, heir, rss_state_type(old), rss_state_nr(old));
	rss->passed += rss_state_nr(old);
	return true;
}

/*
 * Passes some records to the nearest ancestor that is alive, or to nobody if that
 * is the root. Returns how many: 0 when there are none left, seen under one lock,
 * as scans on behalf of an ancestor may move them between the lists.
 */
static unsigned int rss_reparent_batch(struct rss_container *rss,
				       struct rss_node *node)
{
	/* Ancestors stay as long as there is @rss. */
	struct rss_container *heir = rss_online(rss);
	struct page_container *pc;
	unsigned int batch = 0;
	int list;

	spin_lock(&node->lock);
	for (list = 0; list < NR_RSS_LISTS; list++) {
		struct list_head *head = &node->lists[list];

		/* From the tail, to keep the order at the heir. */
		while (batch < SWAP_CLUSTER_MAX && !list_empty(head)) {
			pc = list_last_entry(head, struct page_container, lru);
			while (heir && !rss_adopt(rss, heir, node, pc))
				heir = rss_online(heir);
			if (!heir)
				rss->passed += rss_orphan(rss, node, pc);
			batch++;
		}
	}
	spin_unlock(&node->lock);

	return batch;
}

/**
 * rss_lru_reparent - pass what a container owns to the nearest living ancestor
 * @rss: the container, dead already
 * @nr: about how many records at most
 *
 * Several containers may be at it, above and below each other: what a dead one
 * passes never goes to another dead one.
 *
 * Context: may sleep. One caller at a time for each container.
 * Return: true if nothing is left, which stays so.
 */
bool rss_lru_reparent(struct rss_container *rss, unsigned int nr)
{
	struct rss_container *heir;
	unsigned int batch;
	int nid;

	for_each_node(nid) {
		while ((batch = rss_reparent_batch(rss, rss->node[nid]))) {
			if (batch >= nr)
				return false;
			nr -= batch;
			cond_resched();
		}
	}

	heir = rss_online(rss) ?: rss_root;
	trace_rss_container_reparent(rss_trace_id(rss), rss_trace_id(heir),
				     rss->passed);
	return true;
}
