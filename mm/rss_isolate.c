// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: taking folios from the lists of a container.
 *
 * Folios stay on the global LRU, too. Isolation takes them off it as global
 * reclaim does, so the two can't get at one folio at the same time.
 */

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/oom.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "internal.h"
#include "rss.h"

/**
 * rss_folio_record - the record of a folio
 * @folio: the folio; the reference on it keeps the record, not the table
 *
 * Return: the record.
 */
struct page_container *rss_folio_record(struct folio *folio)
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

/**
 * rss_grab_folios - take references on the folios at the tail of a list
 * @iso: which list, and how much of it
 * @folios: where to put up to %SWAP_CLUSTER_MAX folios
 *
 * Records of pages that are not mapped any more are dropped. The others rotate
 * to the head, so that no scan meets them twice before the rest.
 *
 * Return: the number of folios.
 */
unsigned int rss_grab_folios(struct rss_isolate *iso, struct folio **folios)
{
	struct rss_node *node = iso->rss->node[iso->nid];
	struct list_head *head = &node->lists[iso->list];
	unsigned int nr = 0;

	BUILD_BUG_ON(SWAP_CLUSTER_MAX > BITS_PER_LONG);

	spin_lock(&node->lock);
	while (nr < SWAP_CLUSTER_MAX && iso->nr_scanned < iso->nr_to_scan &&
	       !list_empty(head)) {
		struct page_container *pc;
		u64 state;

		pc = list_last_entry(head, struct page_container, lru);
		state = page_container_state(pc);
		if (!rss_state_busy(state)) {
			iso->nr_scanned++;
			rss_list_release(node, pc, state, 0);
			continue;
		}

		list_move(&pc->lru, head);
		iso->nr_scanned += 1UL << rss_state_order(state);
		folios[nr] = rss_try_get_folio(node, pc);
		if (folios[nr]) {
			if (!pc->met)
				iso->new |= BIT(nr);
			pc->met = true;
			nr++;
		}
	}
	spin_unlock(&node->lock);

	return nr;
}

static enum rss_list rss_list_active(enum rss_list list)
{
	switch (list) {
	case RSS_INACTIVE_ANON:
		return RSS_ACTIVE_ANON;
	case RSS_INACTIVE_FILE:
		return RSS_ACTIVE_FILE;
	default:
		return list;
	}
}

/**
 * rss_sort_folio - put the record of a folio where it belongs by its flags
 * @rss: the container whose list it was found on
 * @folio: the folio, with a reference
 * @activate: it was used; this puts it on an active list whatever PG_active is
 *
 * Return: how many pages of it are charged, in case the parent took it over
 * meanwhile to that.
 */
unsigned int rss_sort_folio(struct rss_container *rss, struct folio *folio,
			    bool activate)
{
	struct page_container *pc = rss_folio_record(folio);
	struct rss_node *node = rss_pc_node(rss, pc);
	enum rss_list list;
	u64 state;

	spin_lock(&node->lock);
	state = page_container_state(pc);
	if (rss_state_id(state) == rss->css.id) {
		list = rss_folio_list(folio, rss_state_type(state));
		if (activate)
			list = rss_list_active(list);
		if (pc->list != list)
			rss_list_move(node, pc, list);
	}
	spin_unlock(&node->lock);

	return rss_state_nr(state);
}

/*
 * What swapoff has read must not go back to where it came from when it makes
 * room itself, or it would not end as long as others share that. Other tasks may
 * put it back: rather than that one is killed, swapoff has to come again.
 */
static bool rss_swap_stays(struct folio *folio)
{
	struct swap_info_struct *si;

	/* It marks itself so. The worker of rss_exceeded() comes after it. */
	if (likely(!oom_task_origin(current) && !(current->flags & PF_KTHREAD)))
		return true;
	/* Without the folio lock, it may be any other device's: a bad guess. */
	si = swp_swap_info(data_race(folio->swap));
	/* Too late to see swapoff begin costs it one more round. */
	return si && data_race(si->flags) & SWP_WRITEOK;
}

static bool rss_can_reclaim(struct folio *folio)
{
	if (!folio_test_swapbacked(folio))
		return true;
	if (folio_test_swapcache(folio))
		return rss_swap_stays(folio);
	return get_nr_swap_pages() > 0;
}

/**
 * rss_isolate_state - the state of a record, if it is still what was looked for
 * @iso: what its list was scanned with
 * @pc: the record of a folio with a reference, NULL if that has none
 *
 * Return: 0 if the folio was unmapped meanwhile, or freed and reused.
 */
u64 rss_isolate_state(struct rss_isolate *iso, struct page_container *pc)
{
	u64 state = pc ? page_container_state(pc) : 0;

	return rss_state_id(state) == iso->rss->css.id && rss_state_nr(state) ?
	       state : 0;
}

/*
 * Takes an anonymous folio off the global LRU for shrink_folio_list(). Those of
 * files are found here when their record is about to move to another list.
 */
static void rss_isolate_folio(struct rss_isolate *iso, struct folio *folio,
			      struct list_head *dst)
{
	struct page_container *pc = rss_folio_record(folio);
	long nr = folio_nr_pages(folio);
	u64 state;
	int file;

	state = rss_isolate_state(iso, pc);
	if (!state)
		return;
	if (!folio_test_anon(folio) || !folio_evictable(folio) ||
	    !rss_can_reclaim(folio)) {
		rss_sort_folio(iso->rss, folio, false);
		return;
	}
	if (!folio_isolate_lru(folio))
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
 * @iso: what rss_isolate_pages() took it with
 * @src: the folios
 */
void rss_putback_pages(struct rss_isolate *iso, struct list_head *src)
{
	struct pglist_data *pgdat = NODE_DATA(iso->nid);
	unsigned long kept = 0;
	struct folio *folio, *next;
	int file;

	list_for_each_entry_safe(folio, next, src, lru) {
		kept += rss_sort_folio(iso->rss, folio, false);
		if (!folio_evictable(folio)) {
			list_del(&folio->lru);
			folio_putback_lru(folio);
		}
	}
	rss_putback_folios(src);

	for (file = 0; file < 2; file++)
		mod_node_page_state(pgdat, NR_ISOLATED_ANON + file,
				    -(long)iso->nr_isolated[file]);
	iso->nr_uncharged = iso->nr_mapped - min(kept, iso->nr_mapped);
}

/**
 * rss_sort_pages - put folios of a list on those where they belong
 * @iso: which list, and how much of it
 */
void rss_sort_pages(struct rss_isolate *iso)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int i, nr;

	nr = rss_grab_folios(iso, folios);
	for (i = 0; i < nr; i++) {
		rss_sort_folio(iso->rss, folios[i], false);
		folio_put(folios[i]);
	}
}

/**
 * rss_deactivate - move records from an active list to the inactive one
 * @node: the lists
 * @active: the active list
 * @nr: how many pages to move
 *
 * Whether they are in use is looked at when they get to the other end.
 *
 * Context: may sleep.
 */
void rss_deactivate(struct rss_node *node, enum rss_list active,
		    unsigned long nr)
{
	enum rss_list inactive = active == RSS_ACTIVE_ANON ?
				 RSS_INACTIVE_ANON : RSS_INACTIVE_FILE;
	struct list_head *head = &node->lists[active];
	struct page_container *pc;
	unsigned long moved = 0;
	unsigned int batch;

	/* Who faults waits for the lock under that of a page table. */
	do {
		spin_lock(&node->lock);
		for (batch = SWAP_CLUSTER_MAX; batch; batch--) {
			if (moved >= nr || list_empty(head))
				break;
			pc = list_last_entry(head, struct page_container, lru);
			rss_list_move(node, pc, inactive);
			moved += 1UL << rss_state_order(page_container_state(pc));
		}
		spin_unlock(&node->lock);
		cond_resched();
	} while (!batch);
}
