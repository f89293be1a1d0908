// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: taking folios from the lists of a container.
 *
 * Folios also stay on the global LRU. Isolation takes them off it as global
 * reclaim does, so only one of the two can get a folio.
 */

#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mm_inline.h>
#include <linux/oom.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "../internal.h"
#include "../swap.h"
#include "queue.h"

/**
 * rss_folio_record - the record of a folio
 * @folio: the folio; a reference on it pins the record, not the table
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
 * Get a reference on the folio that a page is in now. The caller checks,
 * without the lock, whether it still is the container's: the reference may be
 * the last one by then.
 */
static struct folio *rss_try_get_folio(struct rss_node *node, unsigned long pfn)
{
	struct folio *folio = page_folio(pfn_to_page(pfn));

	lockdep_assert_held(&node->lock);

	return folio_try_get(folio) ? folio : NULL;
}

/* Set MET. Returns true if no scan had met the page. */
static bool rss_meet(struct page_container *pc, u64 entry, struct rss_node *node)
{
	u64 state = page_container_state(pc);

	do {
		/* Another container may have mapped it. */
		if (!rss_entry_good(entry, state, node->rss->id))
			return false;
		if (state & RSS_STATE_MET)
			return false;
	} while (!page_container_cmpxchg(pc, &state, state | RSS_STATE_MET));
	return true;
}

/**
 * struct rss_grab - taking references on the folios of a list
 * @iso: which list, and how much of it
 * @folios: where to put them
 * @nr: number of folios
 * @scanned: pages scanned
 * @passed: pages passed over
 * @dropped: entries dropped
 * @swap_left: there is room in swap
 * @anon: anonymous pages; those that can't be reclaimed are passed over
 */
struct rss_grab {
	struct rss_isolate *iso;
	struct folio **folios;
	unsigned int nr;
	unsigned long scanned;
	unsigned long passed;
	unsigned long dropped;
	bool swap_left;
	bool anon;
};

/*
 * Without swap, only a scan of the whole list finds reclaimable pages: those
 * that MADV_FREE left, and those in the swap cache. So folios without room in
 * swap, and those still mlocked, are passed over by their flags, without a
 * reference. The page may be another folio or part of one by now: then a folio
 * is missed, or scanned needlessly.
 */
static __always_inline bool rss_pass_over(const struct rss_grab *grab, u64 entry)
{
	const struct rss_isolate *iso = grab->iso;
	struct folio *folio = (struct folio *)pfn_to_page(rss_entry_pfn(entry));
	unsigned long flags = rss_folio_flags(folio);

	if (grab->anon) {
		if ((flags & (BIT(PG_mlocked) | BIT(PG_swapbacked) |
			      BIT(PG_swapcache))) != BIT(PG_swapbacked))
			return false;
		return !grab->swap_left ||
		       (iso->swap_full &&
			folio_memcg_check(folio) == iso->swap_full);
	}
	if (iso->huge)
		return rss_entry_pages(entry) < BIT(PMD_ORDER);
	return iso->list == RSS_UNEVICTABLE && flags & BIT(PG_mlocked);
}

static void rss_grab_folio(struct rss_grab *grab, struct rss_node *node,
			   struct page_container *pc, u64 entry)
{
	struct folio *folio = rss_try_get_folio(node, rss_entry_pfn(entry));

	if (!folio)
		return;
	if (rss_meet(pc, entry, node))
		grab->iso->new |= BIT(grab->nr);
	grab->folios[grab->nr++] = folio;
}

static enum rss_entry_verdict rss_grab_entry(struct rss_node *node, u64 entry,
					     void *arg)
{
	struct page_container *pc = NULL;
	struct rss_grab *grab = arg;
	unsigned long pages = rss_entry_pages(entry);
	bool pass;

	if (grab->nr == SWAP_CLUSTER_MAX ||
	    grab->scanned >= grab->iso->nr_to_scan)
		return RSS_ENTRY_STOP;
	pass = rss_pass_over(grab, entry);
	if (!pass || !grab->iso->recent) {
		pc = rss_entry_resolve(node, entry);
		if (!pc) {
			grab->dropped++;
			return RSS_ENTRY_DROP;
		}
	}
	if (pass) {
		grab->passed += pages;
		return RSS_ENTRY_KEEP;
	}
	grab->scanned += pages;
	rss_grab_folio(grab, node, pc, entry);
	return RSS_ENTRY_KEEP;
}

/**
 * rss_grab_folios - get references on the folios at the tail of a list
 * @iso: which list, and how much of it
 * @folios: where to put up to %SWAP_CLUSTER_MAX folios
 *
 * Entries that are stale or for unmapped pages are dropped. The others rotate
 * to the head, so that no scan meets them twice before the rest.
 *
 * Return: the number of folios.
 */
unsigned int rss_grab_folios(struct rss_isolate *iso, struct folio **folios)
{
	struct rss_node *node = iso->rss->node[iso->nid];
	struct rss_grab grab = {
		.iso = iso,
		.folios = folios,
		.swap_left = get_nr_swap_pages() > 0,
		.anon = !iso->huge && (iso->list == RSS_INACTIVE_ANON ||
				       iso->list == RSS_ACTIVE_ANON),
	};

	BUILD_BUG_ON(SWAP_CLUSTER_MAX > BITS_PER_LONG);

	/* For folio_memcg_check() and the records. */
	rcu_read_lock();
	spin_lock(&node->lock);
	rss_queue_rotate(node, iso->list, rss_grab_entry, &grab);
	spin_unlock(&node->lock);
	rcu_read_unlock();
	iso->nr_scanned += grab.scanned + grab.passed + grab.dropped;
	iso->nr_passed += grab.passed;

	return grab.nr;
}

/**
 * rss_sort_folio - move the record of a folio to the list that fits its flags
 * @rss: the container whose list it was found on
 * @folio: the folio, with a reference
 * @activate: it was used: move it to an active list even without PG_active
 *
 * Return: number of its pages that are charged, even if the parent took it
 * over.
 */
unsigned int rss_sort_folio(struct rss_container *rss, struct folio *folio,
			    bool activate)
{
	struct page_container *pc = rss_folio_record(folio);
	enum rss_lru lru;
	u64 state;

	rcu_read_lock();
	state = page_container_state(pc);
	do {
		/* A held record keeps its list. */
		if (rss_state_id(state) != rss->id || !rss_state_nr(state) ||
		    state & RSS_STATE_HELD)
			break;
		lru = rss_folio_lru(folio, rss_state_type(state));
		if (activate && lru == RSS_INACTIVE)
			lru = RSS_ACTIVE;
		if (rss_state_set_lru(state, lru) == state)
			break;
	} while (!rss_set_lru(rss, pc, folio_pfn(folio), &state, lru));
	rcu_read_unlock();

	return rss_state_nr(state);
}

/*
 * When swapoff makes room, do not swap out to the device being removed: it
 * would not end while other processes share the pages. Other tasks may: rather
 * than have them killed, swapoff reads the pages again.
 */
static bool rss_swap_stays(struct rss_isolate *iso, struct folio *folio)
{
	bool stays = false;

	/* swapoff is marked so. The worker of rss_exceeded() runs after it. */
	if (likely(!oom_task_origin(current) && !(current->flags & PF_KTHREAD)))
		return true;
	/* Only the lock keeps the folio in the swap cache, and so the device. */
	if (!folio_trylock(folio)) {
		iso->busy = true;
		return false;
	}
	if (folio_test_swapcache(folio)) {
		/* If swapoff began just now, it takes one more round. */
		stays = data_race(folio_swap_flags(folio)) & SWP_WRITEOK;
	}
	folio_unlock(folio);
	return stays;
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
		return rss_swap_stays(iso, folio);
	return get_nr_swap_pages() > 0 && rss_memcg_can_swap(iso, folio);
}

/**
 * rss_isolate_state - the state of a record, if it is still the one wanted
 * @iso: the scan of its list
 * @pc: the record of a folio with a reference; NULL if it has none
 *
 * Return: the state; 0 if the folio was unmapped, or freed and reused.
 */
u64 rss_isolate_state(struct rss_isolate *iso, struct page_container *pc)
{
	u64 state = pc ? page_container_state(pc) : 0;

	return rss_state_id(state) == iso->rss->id && rss_state_nr(state) ?
	       state : 0;
}

/**
 * rss_isolate_judge - check whether a folio may be reclaimed
 * @iso: the scan of its list
 * @folio: the folio, locked
 * @once: as for rss_judge_folio()
 *
 * Moves a folio that is used often to the active list.
 *
 * Context: may sleep.
 * Return: true if it is unused, or references are ignored.
 */
bool rss_isolate_judge(struct rss_isolate *iso, struct folio *folio, bool once)
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
 * Whether an anonymous folio is unused. This is checked before it is taken off
 * the LRU, not by shrink_folio_list(), see use.c.
 */
static bool rss_judge_anon(struct rss_isolate *iso, struct folio *folio)
{
	bool unused;

	/* Without a check, leave the lock to shrink_folio_list(). */
	if (iso->ignore_references)
		return true;
	if (!folio_trylock(folio)) {
		iso->busy = true;
		return false;
	}
	unused = rss_isolate_judge(iso, folio, false);
	folio_unlock(folio);
	return unused;
}

/*
 * Whether to reclaim an anonymous folio. A file folio may be met here if its
 * record is about to move to another list.
 */
static bool rss_select_folio(struct rss_isolate *iso, struct folio *folio)
{
	if (!folio_test_anon(folio) || !folio_evictable(folio) ||
	    !rss_can_reclaim(iso, folio)) {
		rss_sort_folio(iso->rss, folio, false);
		return false;
	}
	/* In a folio batch of some CPU, or isolated by another task. */
	if (!folio_test_lru(folio)) {
		iso->busy = true;
		return false;
	}
	return rss_judge_anon(iso, folio);
}

/*
 * Take a folio off the global LRU for shrink_folio_list(), which insists on
 * PG_active being clear: that flag tells its place on the global LRU.
 */
static bool rss_take_folio(struct rss_isolate *iso, struct folio *folio,
			   struct list_head *dst)
{
	long nr = folio_nr_pages(folio);
	int file;

	if (!folio_isolate_lru(folio))
		return false;
	if (folio_test_unevictable(folio)) {
		/* Munlocked, but still on the unevictable LRU list. */
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
	if (!rss_select_folio(iso, folio) || !rss_take_folio(iso, folio, dst))
		iso->nr_kept += nr;
}

/*
 * A page mapped in place of an evicted one is a newcomer. A folio that is kept
 * after all is checked once more.
 */
static void rss_forget_met(struct rss_isolate *iso, struct list_head *folios)
{
	struct folio *folio;

	list_for_each_entry(folio, folios, lru) {
		struct page_container *pc = rss_folio_record(folio);
		u64 state = page_container_state(pc);

		while (rss_state_id(state) == iso->rss->id &&
		       !page_container_cmpxchg(pc, &state,
					       state & ~RSS_STATE_MET))
			;
	}
}

/**
 * rss_isolate_pages - isolate folios from a container's list for reclaim
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
 * Put folios back where they can be isolated again at once.
 * folio_putback_lru() parks them in a per-CPU batch, and a small container
 * would look as if it had no folios left.
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
		/* For sparse, which only knows about the unlocking. */
		__acquire(&lruvec->lru_lock);
		do {
			list_del(&folio->lru);
			folio_set_lru(folio);
			lruvec_add_folio(lruvec, folio);
			if (!folio_batch_add(&batch, folio) || list_empty(src))
				break;
			folio = lru_to_folio(src);
		} while (folio_matches_lruvec(folio, lruvec));
		lruvec_unlock_irq(lruvec);
		folios_put(&batch);
	}
}

/**
 * rss_putback_pages - put back the folios that shrink_folio_list() left
 * @iso: as passed to rss_isolate_pages()
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
 * rss_sort_pages - move folios of a list to the lists where they belong
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
 * struct rss_newcomers - anonymous folios that were recently added to a list
 * @folios: with references
 * @nr: number of folios
 * @found: number of pages that no scan had met, still mapped or not
 * @gap: number of pages in a row that were no newcomers
 */
struct rss_newcomers {
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int nr;
	unsigned int found;
	unsigned int gap;
};

static bool rss_grab_newcomer(struct rss_node *node, u64 entry, void *arg)
{
	struct page_container *pc = rss_entry_record(node, entry);
	struct rss_newcomers *new = arg;
	struct folio *folio;

	if (!pc || !rss_meet(pc, entry, node))
		return ++new->gap < RSS_NEWCOMER_GAP;
	new->gap = 0;
	new->found++;
	if (rss_state_busy(page_container_state(pc))) {
		folio = rss_try_get_folio(node, rss_entry_pfn(entry));
		if (folio)
			new->folios[new->nr++] = folio;
	}
	return new->found < SWAP_CLUSTER_MAX;
}

/**
 * rss_age_newcomers - check anonymous folios recently added to a list
 * @iso: which list; adds to @nr_mapped
 *
 * The fault that maps a page uses it, so that use says nothing. Once it is
 * cleared, the check at the tail of the list tells whether the page was used
 * since. If it were only cleared at the tail, all pages added between two
 * scans of the whole list would need a second round: no page could be evicted
 * for a round, and then those checked first would be, even if in constant use.
 *
 * Context: may sleep.
 * Return: true if there may be more newcomers.
 */
bool rss_age_newcomers(struct rss_isolate *iso)
{
	struct rss_node *node = iso->rss->node[iso->nid];
	struct rss_newcomers new;
	unsigned int i;

	new.nr = 0;
	new.found = 0;
	new.gap = 0;
	rcu_read_lock();
	spin_lock(&node->lock);
	rss_queue_walk(node, iso->list, rss_grab_newcomer, &new);
	spin_unlock(&node->lock);
	rcu_read_unlock();

	for (i = 0; i < new.nr; i++) {
		struct folio *folio = new.folios[i];
		struct page_container *pc = rss_folio_record(folio);

		iso->nr_mapped += rss_state_nr(rss_isolate_state(iso, pc));
		/* Off the LRU, flags may still be written without atomics. */
		if (folio_test_anon(folio) && folio_test_lru(folio))
			rss_judge_anon(iso, folio);
		folio_put(folio);
	}
	return new.found == SWAP_CLUSTER_MAX;
}

/* Move an entry of an active list to the inactive one. */
static void rss_deactivate_one(struct rss_node *node, u64 entry)
{
	struct page_container *pc = rss_entry_resolve(node, entry);
	u64 old, new;

	if (!pc)
		return;
	if (READ_ONCE(node->rss->dead)) {
		/* Keeps its list, see rss_lru_reparent(). */
		rss_list_add(node, entry);
		return;
	}
	old = page_container_state(pc);
	do {
		if (!rss_entry_good(entry, old, node->rss->id))
			return;
		new = rss_state_set_lru(old, RSS_INACTIVE);
	} while (!page_container_cmpxchg(pc, &old, new));

	rss_account_move(node->rss, rss_state_kind(old), node->rss,
			 rss_state_kind(new), rss_state_nr(new));
	rss_list_add(node, rss_state_entry(rss_entry_pfn(entry), new));
}

/**
 * rss_deactivate - move entries from an active list to the inactive one
 * @node: the lists
 * @active: the active list
 * @nr: number of pages to move
 *
 * Whether they are in use is checked at the tail of the inactive list.
 *
 * Context: may sleep.
 */
void rss_deactivate(struct rss_node *node, enum rss_list active,
		    unsigned long nr)
{
	unsigned long moved = 0;
	unsigned int batch;
	u64 entry;

	/* Faulting tasks take this lock under the page table lock. */
	do {
		rcu_read_lock();
		spin_lock(&node->lock);
		for (batch = SWAP_CLUSTER_MAX; batch; batch--) {
			entry = moved < nr ? rss_queue_pop(node, active) : 0;
			if (!entry)
				break;
			rss_deactivate_one(node, entry);
			moved += rss_entry_pages(entry);
		}
		spin_unlock(&node->lock);
		rcu_read_unlock();
		cond_resched();
	} while (!batch);
}
