// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: the lists of a container, and taking folios from them.
 *
 * A record is put on a list when another container than last time maps the
 * page. That is all that charging does here. Whether the page is still mapped,
 * mlocked or has been used is found out when the isolator meets it, so pages
 * may be on the wrong list meanwhile.
 *
 * Folios stay on the global LRU, too. Isolation takes them off it as global
 * reclaim does, so the two can't get at one folio at the same time.
 */

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "rss.h"

void rss_node_init(struct rss_node *node)
{
	int list;

	spin_lock_init(&node->lock);
	for (list = 0; list < NR_RSS_LISTS; list++)
		INIT_LIST_HEAD(&node->lists[list]);
}

static struct rss_node *rss_pc_node(struct rss_container *rss,
				    struct page_container *pc)
{
	return rss->node[pfn_to_nid(pc->pfn)];
}

static void rss_list_add(struct rss_node *node, struct page_container *pc,
			 enum rss_list list)
{
	lockdep_assert_held(&node->lock);

	pc->list = list;
	list_add(&pc->lru, &node->lists[list]);
	node->size[list] += 1UL << rss_state_order(page_container_state(pc));
}

/* @state is that in which the record was added; it may be unset already. */
static void rss_list_del(struct rss_node *node, struct page_container *pc,
			 u64 state)
{
	lockdep_assert_held(&node->lock);

	list_del_init(&pc->lru);
	node->size[pc->list] -= 1UL << rss_state_order(state);
}

/*
 * Takes a record off its list and gives it the state @new, if it still is in
 * state @old. In this order, as without that id nobody needs this lock to put
 * it on another list.
 */
static bool rss_list_release(struct rss_node *node, struct page_container *pc,
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

static void rss_list_move(struct rss_node *node, struct page_container *pc,
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

	VM_WARN_ON_ONCE(rss_state_nr(old));
	if (!home) {
		page_container_cmpxchg(pc, &old, 0);
		return;
	}

	node = rss_pc_node(home, pc);
	spin_lock(&node->lock);
	rss_list_release(node, pc, old, 0);
	spin_unlock(&node->lock);
}

static enum rss_list rss_folio_list(struct folio *folio, enum rss_type type)
{
	if (folio_test_unevictable(folio) || folio_test_mlocked(folio))
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

	if (rss_state_nr(old))
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
	if (rss->dead)
		rss = rss_parent(rss);
	else if (page_container_cmpxchg(pc, &old, home))
		rss_list_add(node, pc,
			     rss_folio_list(folio, rss_state_type(home)));
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
		if (WARN_ON_ONCE(rss_state_nr(state)))
			break;
		rss_lru_unlink(pc, state);
	}
	rcu_read_unlock();
}

/* Takes one record off the lists of @rss and to nobody. */
static void rss_orphan(struct rss_container *rss, struct rss_node *node,
		       struct page_container *pc)
{
	u64 old, new;

	/* Only the number of pages can change as long as we hold the lock. */
	do {
		old = page_container_state(pc);
		new = rss_state(RSS_ROOT_ID, rss_state_type(old),
				rss_state_order(old));
		new = rss_state_set_nr(new, rss_state_nr(old));
	} while (!rss_list_release(node, pc, old, new));

	rss_account(rss, rss_state_type(old), -(long)rss_state_nr(old));
}

/* Moves one record from the list that it is on at @rss to @parent's. */
static void rss_adopt(struct rss_container *rss, struct rss_container *parent,
		      struct rss_node *node, struct page_container *pc)
{
	struct rss_node *parent_node = rss_pc_node(parent, pc);
	u64 old = page_container_state(pc), new;

	spin_lock_nested(&parent_node->lock, SINGLE_DEPTH_NESTING);
	do {
		new = rss_state(parent->css.id, rss_state_type(old),
				rss_state_order(old));
		new = rss_state_set_nr(new, rss_state_nr(old));
	} while (!page_container_cmpxchg(pc, &old, new));

	rss_list_del(node, pc, old);
	rss_list_add(parent_node, pc, pc->list);
	spin_unlock(&parent_node->lock);

	rss_account_move(rss, parent, rss_state_type(old), rss_state_nr(old));
}

/*
 * Passes some records on. Returns false when there are none left, seen under
 * one lock: scans on behalf of an ancestor may move them between the lists.
 */
static bool rss_reparent_batch(struct rss_container *rss,
			       struct rss_container *parent,
			       struct rss_node *node)
{
	struct page_container *pc;
	unsigned int batch = 0;
	int list;

	spin_lock(&node->lock);
	for (list = 0; list < NR_RSS_LISTS; list++) {
		struct list_head *head = &node->lists[list];

		/* From the tail, to keep the order at the parent. */
		while (batch < SWAP_CLUSTER_MAX && !list_empty(head)) {
			pc = list_last_entry(head, struct page_container, lru);
			if (parent)
				rss_adopt(rss, parent, node, pc);
			else
				rss_orphan(rss, node, pc);
			batch++;
		}
	}
	spin_unlock(&node->lock);

	return batch;
}

/**
 * rss_lru_reparent - pass all that a container owns to its parent
 * @rss: the container, dead already
 *
 * Context: cgroup_mutex held, so the parent stays online.
 */
void rss_lru_reparent(struct rss_container *rss)
{
	struct rss_container *parent = rss_parent(rss);
	int nid;

	for_each_node(nid)
		while (rss_reparent_batch(rss, parent, rss->node[nid]))
			cond_resched();
}

/* The record of a folio with a reference, which keeps that, not the table. */
static struct page_container *rss_folio_record(struct folio *folio)
{
	struct page_container *pc;

	rcu_read_lock();
	pc = folio_page_container(folio);
	rcu_read_unlock();

	return pc;
}

/*
 * A reference on the folio that the page of a record is in now. Whether it
 * still is the container's is for the caller to see, without the lock: that
 * reference may be the last one by then.
 */
static struct folio *rss_try_get_folio(struct rss_node *node,
				       struct page_container *pc)
{
	struct folio *folio = page_folio(pfn_to_page(pc->pfn));

	lockdep_assert_held(&node->lock);

	return folio_try_get(folio) ? folio : NULL;
}

/*
 * Looks at the tail of a list, drops records of pages that are not mapped any
 * more and takes a reference on the folios of the others. These rotate to the
 * head, so that no scan meets them twice before the rest.
 */
static unsigned int rss_grab_folios(struct rss_isolate *iso,
				    struct folio **folios)
{
	struct rss_node *node = iso->rss->node[iso->nid];
	struct list_head *head = &node->lists[iso->list];
	unsigned int nr = 0;

	spin_lock(&node->lock);
	while (nr < SWAP_CLUSTER_MAX && iso->nr_scanned < iso->nr_to_scan &&
	       !list_empty(head)) {
		struct page_container *pc;
		u64 state;

		pc = list_last_entry(head, struct page_container, lru);
		state = page_container_state(pc);
		if (!rss_state_nr(state)) {
			iso->nr_scanned++;
			rss_list_release(node, pc, state, 0);
			continue;
		}

		list_move(&pc->lru, head);
		iso->nr_scanned += 1UL << rss_state_order(state);
		folios[nr] = rss_try_get_folio(node, pc);
		if (folios[nr])
			nr++;
	}
	spin_unlock(&node->lock);

	return nr;
}

/*
 * Puts the record of a folio on the list where it belongs by the folio's flags.
 * Returns how many pages of it are charged, in case the parent took it over
 * meanwhile to that.
 */
static unsigned int rss_sort_folio(struct rss_container *rss,
				   struct folio *folio)
{
	struct page_container *pc = rss_folio_record(folio);
	struct rss_node *node = rss_pc_node(rss, pc);
	enum rss_list list;
	u64 state;

	spin_lock(&node->lock);
	state = page_container_state(pc);
	if (rss_state_id(state) == rss->css.id) {
		list = rss_folio_list(folio, rss_state_type(state));
		if (pc->list != list)
			rss_list_move(node, pc, list);
	}
	spin_unlock(&node->lock);

	return rss_state_nr(state);
}

static bool rss_can_reclaim(struct folio *folio)
{
	if (!folio_test_anon(folio) || !folio_test_swapbacked(folio))
		return true;
	return folio_test_swapcache(folio) || get_nr_swap_pages() > 0;
}

/* Takes a folio off the global LRU for shrink_folio_list(). */
static void rss_isolate_folio(struct rss_isolate *iso, struct folio *folio,
			      struct list_head *dst)
{
	struct page_container *pc = rss_folio_record(folio);
	long nr = folio_nr_pages(folio);
	u64 state;
	int file;

	/* Unmapped, or freed and reused, since its record was looked at? */
	state = pc ? page_container_state(pc) : 0;
	if (rss_state_id(state) != iso->rss->css.id || !rss_state_nr(state))
		return;
	if (!folio_evictable(folio)) {
		rss_sort_folio(iso->rss, folio);
		return;
	}
	if (!rss_can_reclaim(folio) || !folio_isolate_lru(folio))
		return;
	if (folio_test_unevictable(folio)) {
		/* Was munlocked, but is on that list still. */
		folio_putback_lru(folio);
		return;
	}

	/*
	 * Both say where on the global LRU the folio is. Here the record does,
	 * and what is on the tail of its list gets its chance by the reference
	 * check. MGLRU would keep referenced folios whatever that says.
	 */
	folio_clear_active(folio);
	if (lru_gen_enabled())
		folio_clear_referenced(folio);

	file = folio_is_file_lru(folio);
	node_stat_mod_folio(folio, NR_ISOLATED_ANON + file, nr);
	iso->nr_isolated[file] += nr;
	iso->nr_mapped += rss_state_nr(state);
	list_add(&folio->lru, dst);
}

/**
 * rss_isolate_pages - take folios to reclaim from a container's list
 * @private: struct rss_isolate
 * @dst: where to put the folios; each is off the LRU and has a reference
 *
 * The isolate_pages() of scan_control.
 */
void rss_isolate_pages(void *private, struct list_head *dst)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	struct rss_isolate *iso = private;
	unsigned int i, nr;

	nr = rss_grab_folios(iso, folios);
	for (i = 0; i < nr; i++) {
		rss_isolate_folio(iso, folios[i], dst);
		folio_put(folios[i]);
	}
}

/*
 * Puts a folio back right where it can be isolated again. Those that
 * folio_putback_lru() parks in a per-CPU batch can't, and a small container
 * would look as if it had none left.
 */
static void rss_putback_folios(struct list_head *src)
{
	struct folio_batch batch;
	struct lruvec *lruvec;
	struct folio *folio;

	folio_batch_init(&batch);
	while (!list_empty(src)) {
		folio = lru_to_folio(src);
		lruvec = folio_lruvec_lock_irq(folio);
		/* For sparse, which knows of the unlocking only. */
		__acquire(&lruvec->lru_lock);
		do {
			list_del(&folio->lru);
			folio_set_lru(folio);
			lruvec_add_folio(lruvec, folio);
			if (!folio_batch_add(&batch, folio) || list_empty(src))
				break;
			folio = lru_to_folio(src);
		} while (folio_matches_lruvec(folio, lruvec));
		unlock_page_lruvec_irq(lruvec);
		folios_put(&batch);
	}
}

/**
 * rss_putback_pages - give back what shrink_folio_list() left
 * @iso: what rss_isolate_pages() took it with; @nr_mapped is lowered by what
 *	is still mapped, so it ends as the number of pages uncharged
 * @src: the folios
 */
void rss_putback_pages(struct rss_isolate *iso, struct list_head *src)
{
	struct pglist_data *pgdat = NODE_DATA(iso->nid);
	unsigned long kept = 0;
	struct folio *folio, *next;
	int file;

	list_for_each_entry_safe(folio, next, src, lru) {
		kept += rss_sort_folio(iso->rss, folio);
		if (!folio_evictable(folio)) {
			list_del(&folio->lru);
			folio_putback_lru(folio);
		}
	}
	rss_putback_folios(src);

	for (file = 0; file < 2; file++)
		mod_node_page_state(pgdat, NR_ISOLATED_ANON + file,
				    -(long)iso->nr_isolated[file]);
	iso->nr_mapped -= min(kept, iso->nr_mapped);
}

/**
 * rss_deactivate - move records from an active list to the inactive one
 * @node: the lists
 * @active: the active list
 * @nr: how many pages to move
 *
 * Whether they are in use is looked at when they get to the other end.
 */
void rss_deactivate(struct rss_node *node, enum rss_list active,
		    unsigned long nr)
{
	enum rss_list inactive = active == RSS_ACTIVE_ANON ?
				 RSS_INACTIVE_ANON : RSS_INACTIVE_FILE;
	struct list_head *head = &node->lists[active];
	struct page_container *pc;
	unsigned long moved = 0;

	spin_lock(&node->lock);
	while (moved < nr && !list_empty(head)) {
		pc = list_last_entry(head, struct page_container, lru);
		rss_list_move(node, pc, inactive);
		moved += 1UL << rss_state_order(page_container_state(pc));
	}
	spin_unlock(&node->lock);
}
