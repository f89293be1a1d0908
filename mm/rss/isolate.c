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

#include "../internal.h"
#include "../swap.h"
#include "queue.h"

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
 * A reference on the folio that a page is in now. Whether it still is the
 * container's is for the caller to see, without the lock: that reference may be the
 * last one by then.
 */
static struct folio *rss_try_get_folio(struct rss_node *node, unsigned long pfn)
{
	struct folio *folio = page_folio(pfn_to_page(pfn));

	lockdep_assert_held(&node->lock);

	return folio_try_get(folio) ? folio : NULL;
}

/* Returns whether no scan has met the page. */
static bool rss_meet(struct page_container *pc, u64 entry, struct rss_node *node)
{
	u64 state = page_container_state(pc);

	do {
		/* Another one maps it by now. */
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
 * @nr: how many there are
 * @scanned: pages looked at
 * @passed: pages passed over
 * @dropped: entries dropped
 * @swap_left: there is room in swap
 * @anon: these are anonymous, and what can't go is passed over
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
 * Nothing but a scan of the whole list finds what can be reclaimed without swap:
 * what MADV_FREE left, and what is in the swap cache. So folios for which there is
 * no room in swap are passed over by what can be told without a reference, and so
 * are those that are mlocked still. It may be another folio by now, or a part of one:
 * then a look was missed, or one too many taken.
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
		pc = rss_entry_owned(node, entry);
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
 * rss_grab_folios - take references on the folios at the tail of a list
 * @iso: which list, and how much of it
 * @folios: where to put up to %SWAP_CLUSTER_MAX folios
 *
 * Entries for pages that are not mapped any more are dropped, and stale ones. The
 * others rotate to the head, so that no scan meets them twice before the rest.
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

	/* For folio_memcg_check(), and the records. */
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
	enum rss_lru lru;
	u64 state;

	rcu_read_lock();
	state = page_container_state(pc);
	do {
		/* What is held keeps its place. */
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
 * What swapoff has read must not go back to where it came from when it makes
 * room itself, or it would not end as long as others share that. Other tasks may
 * put it back: rather than that one is killed, swapoff has to come again.
 */
static bool rss_swap_stays(struct folio *folio)
{
	bool stays = false;

	/* It marks itself so. The worker of rss_exceeded() comes after it. */
	if (likely(!oom_task_origin(current) && !(current->flags & PF_KTHREAD)))
		return true;
	/* Only the lock keeps the folio there, and so the device. */
	if (!folio_trylock(folio))
		return false;
	if (folio_test_swapcache(folio))
		/* Too late to see swapoff begin costs it one more round. */
		stays = data_race(folio_swap_flags(folio)) & SWP_WRITEOK;
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

	return rss_state_id(state) == iso->rss->id && rss_state_nr(state) ?
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
 * off the LRU, and not by shrink_folio_list(), see use.c.
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
		lruvec_unlock_irq(lruvec);
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

/**
 * struct rss_newcomers - anonymous folios that came to a list just now
 * @folios: with references
 * @nr: how many
 * @found: how many pages no scan had met, whether or not they are mapped still
 * @gap: how many pages in a row were no newcomers
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
		/* One that is off the LRU may be written to without atomics yet. */
		if (folio_test_anon(folio) && folio_test_lru(folio))
			rss_anon_unused(iso, folio);
		folio_put(folio);
	}
	return new.found == SWAP_CLUSTER_MAX;
}

/* Puts an entry of an active list on the inactive one. */
static void rss_deactivate_one(struct rss_node *node, u64 entry)
{
	struct page_container *pc = rss_entry_owned(node, entry);
	u64 old, new;

	if (!pc)
		return;
	if (READ_ONCE(node->rss->dead)) {
		/* See rss_lru_reparent(). */
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
 * @nr: how many pages to move
 *
 * Whether they are in use is looked at when they get to the other end.
 *
 * Context: may sleep.
 */
void rss_deactivate(struct rss_node *node, enum rss_list active,
		    unsigned long nr)
{
	unsigned long moved = 0;
	unsigned int batch;
	u64 entry;

	/* Who faults waits for the lock under that of a page table. */
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
