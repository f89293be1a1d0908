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

/*
 * Nothing but a scan of the whole list finds what can be reclaimed without swap:
 * what MADV_FREE left, and what is in the swap cache. So folios for which there is
 * no room in swap are passed over by what can be told without a reference, and so
 * are those that are mlocked still. It may be another folio by now: then a look
 * was missed, or one too many taken.
 */
static bool rss_pass_over(struct rss_isolate *iso, bool swap_left,
			  struct page_container *pc)
{
	struct folio *folio = page_folio(pfn_to_page(pc->pfn));
	unsigned long flags = READ_ONCE(folio->flags);

	if (iso->huge)
		return rss_state_order(page_container_state(pc)) < PMD_ORDER;
	if (iso->list == RSS_UNEVICTABLE)
		return flags & BIT(PG_mlocked);
	if (iso->list != RSS_INACTIVE_ANON && iso->list != RSS_ACTIVE_ANON)
		return false;
	if (flags & BIT(PG_mlocked) || !(flags & BIT(PG_swapbacked)) ||
	    flags & BIT(PG_swapcache))
		return false;
	return !swap_left ||
	       (iso->swap_full && folio_memcg_check(folio) == iso->swap_full);
}

/* Most records that are passed over before the lock is dropped. */
#define RSS_PASS_MAX	256

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
	struct list_head *head = &node->lists[iso->list], *last = NULL;
	unsigned long scanned = 0, passed = 0;
	bool swap_left = get_nr_swap_pages() > 0;
	struct page_container *pc, *prev;
	unsigned int nr = 0;

	BUILD_BUG_ON(SWAP_CLUSTER_MAX > BITS_PER_LONG);

	/* For folio_memcg_check(). */
	rcu_read_lock();
	spin_lock(&node->lock);
	list_for_each_entry_safe_reverse(pc, prev, head, lru) {
		u64 state = page_container_state(pc);

		if (nr == SWAP_CLUSTER_MAX || scanned >= iso->nr_to_scan ||
		    passed >= RSS_PASS_MAX)
			break;
		if (!rss_state_busy(state)) {
			scanned++;
			rss_list_release(node, pc, state, 0);
			continue;
		}

		last = &pc->lru;
		if (rss_pass_over(iso, swap_left, pc)) {
			passed += 1UL << rss_state_order(state);
			continue;
		}
		scanned += 1UL << rss_state_order(state);
		folios[nr] = rss_try_get_folio(node, pc);
		if (folios[nr]) {
			if (!pc->met)
				iso->new |= BIT(nr);
			pc->met = true;
			nr++;
		}
	}
	if (last)
		list_rotate_to_front(last, head);
	spin_unlock(&node->lock);
	rcu_read_unlock();
	iso->nr_scanned += scanned + passed;
	iso->nr_passed += passed;

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

/* Whether the memory controller lets the folio go to swap. */
static bool rss_memcg_can_swap(struct rss_isolate *iso, struct folio *folio)
{
	struct mem_cgroup *memcg;
	bool can;

	rcu_read_lock();
	memcg = folio_memcg_check(folio);
	can = !memcg || mem_cgroup_get_nr_swap_pages(memcg) > 0;
	rcu_read_unlock();
	if (!can)
		iso->swap_full = memcg;

	return can;
}

static bool rss_can_reclaim(struct rss_isolate *iso, struct folio *folio)
{
	if (!folio_test_swapbacked(folio))
		return true;
	if (folio_test_swapcache(folio))
		return rss_swap_stays(folio);
	return get_nr_swap_pages() > 0 && rss_memcg_can_swap(iso, folio);
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

/**
 * rss_isolate_unused - whether a folio is not in use, or may go all the same
 * @iso: what its list was scanned with
 * @folio: the folio, locked
 * @once: as for rss_judge_folio()
 *
 * One that is used often moves to the active list.
 *
 * Context: may sleep.
 * Return: true if it may be reclaimed.
 */
bool rss_isolate_unused(struct rss_isolate *iso, struct folio *folio, bool once)
{
	enum rss_verdict verdict;

	if (iso->ignore_references)
		return true;
	verdict = rss_judge_folio(folio, once);
	if (verdict == RSS_EVICT)
		return true;
	iso->used = true;
	if (verdict == RSS_ACTIVATE)
		rss_sort_folio(iso->rss, folio, true);
	return false;
}

/*
 * Whether an anonymous folio is not in use. That is found out before it is taken
 * off the LRU, and not by shrink_folio_list(), see rss_use.c.
 */
static bool rss_anon_unused(struct rss_isolate *iso, struct folio *folio)
{
	bool unused;

	/* Without a look the lock is left to shrink_folio_list(). */
	if (iso->ignore_references)
		return true;
	if (!folio_trylock(folio)) {
		iso->busy = true;
		return false;
	}
	unused = rss_isolate_unused(iso, folio, false);
	folio_unlock(folio);
	return unused;
}

/*
 * Whether to reclaim an anonymous folio. Those of files are found here when their
 * record is about to move to another list.
 */
static bool rss_want_folio(struct rss_isolate *iso, struct folio *folio)
{
	if (!folio_test_anon(folio) || !folio_evictable(folio) ||
	    !rss_can_reclaim(iso, folio)) {
		rss_sort_folio(iso->rss, folio, false);
		return false;
	}
	/* In a batch of some CPU, or somebody else has isolated it. */
	if (!folio_test_lru(folio)) {
		iso->busy = true;
		return false;
	}
	return rss_anon_unused(iso, folio);
}

/*
 * Takes a folio off the global LRU for shrink_folio_list(). That insists on
 * PG_active being cleared: it says where on the global LRU the folio is.
 */
static bool rss_take_folio(struct rss_isolate *iso, struct folio *folio,
			   struct list_head *dst)
{
	long nr = folio_nr_pages(folio);
	int file;

	if (!folio_isolate_lru(folio))
		return false;
	if (folio_test_unevictable(folio)) {
		/* Was munlocked, but is on that list still. */
		folio_putback_lru(folio);
		return false;
	}
	folio_clear_active(folio);

	file = folio_is_file_lru(folio);
	node_stat_mod_folio(folio, NR_ISOLATED_ANON + file, nr);
	iso->nr_isolated[file] += nr;
	list_add(&folio->lru, dst);
	return true;
}

static void rss_isolate_folio(struct rss_isolate *iso, struct folio *folio,
			      struct list_head *dst)
{
	unsigned int nr;

	nr = rss_state_nr(rss_isolate_state(iso, rss_folio_record(folio)));
	if (!nr) {
		iso->busy = true;
		return;
	}
	iso->nr_mapped += nr;
	if (!rss_want_folio(iso, folio) || !rss_take_folio(iso, folio, dst))
		iso->nr_kept += nr;
}

/*
 * The next page in the place of one that goes is a newcomer. Should it be kept, it
 * is looked at once more.
 */
static void rss_forget_met(struct rss_isolate *iso, struct list_head *folios)
{
	struct rss_node *node = iso->rss->node[iso->nid];
	struct page_container *pc;
	struct folio *folio;

	rcu_read_lock();
	spin_lock(&node->lock);
	list_for_each_entry(folio, folios, lru) {
		pc = folio_page_container(folio);
		if (rss_state_id(page_container_state(pc)) == iso->rss->css.id)
			pc->met = false;
	}
	spin_unlock(&node->lock);
	rcu_read_unlock();
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
	if (!list_empty(dst))
		rss_forget_met(iso, dst);
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
	unsigned long kept = iso->nr_kept;
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

/* Newcomers are next to each other: not found among so many, there are none left. */
#define RSS_NEWCOMER_GAP	SWAP_CLUSTER_MAX

/*
 * References on up to %SWAP_CLUSTER_MAX folios at the head of a list that no scan
 * has met. Returns how many there were, *@nr of which have a reference.
 */
static unsigned int rss_grab_newcomers(struct rss_isolate *iso,
				       struct folio **folios, unsigned int *nr)
{
	struct rss_node *node = iso->rss->node[iso->nid];
	unsigned int gap = 0, found = 0;
	struct page_container *pc;

	*nr = 0;
	spin_lock(&node->lock);
	list_for_each_entry(pc, &node->lists[iso->list], lru) {
		if (found == SWAP_CLUSTER_MAX || gap == RSS_NEWCOMER_GAP)
			break;
		if (pc->met) {
			gap++;
			continue;
		}
		gap = 0;
		found++;
		pc->met = true;
		if (!rss_state_busy(page_container_state(pc)))
			continue;
		folios[*nr] = rss_try_get_folio(node, pc);
		if (folios[*nr])
			(*nr)++;
	}
	spin_unlock(&node->lock);

	return found;
}

/**
 * rss_age_newcomers - look at anonymous folios that came to a list just now
 * @iso: which list; @nr_mapped is added to
 *
 * Whoever maps a page uses it, so that says nothing. With it out of the way, the
 * look at the tail of the list tells whether the page was used since. If that had
 * to be found out at the tail, all pages that came between two scans of the whole
 * list would need a second round: no page could go for a round, and then what is
 * in use all the time, looked at in the same call of reclaim, would go first.
 *
 * Context: may sleep.
 * Return: whether there may be more of them.
 */
bool rss_age_newcomers(struct rss_isolate *iso)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int i, nr, found;

	found = rss_grab_newcomers(iso, folios, &nr);
	for (i = 0; i < nr; i++) {
		struct page_container *pc = rss_folio_record(folios[i]);

		iso->nr_mapped += rss_state_nr(rss_isolate_state(iso, pc));
		/* One that is off the LRU may be written to without atomics yet. */
		if (folio_test_anon(folios[i]) && folio_test_lru(folios[i]))
			rss_anon_unused(iso, folios[i]);
		folio_put(folios[i]);
	}
	return found == SWAP_CLUSTER_MAX;
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
