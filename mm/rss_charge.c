// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: charging in two stages.
 *
 * rss_prepare_fault() runs where a fault may sleep and sees that the container
 * has room. rss_charge_folio() and rss_uncharge_folio() run under the page
 * table lock, after the map counts of a folio changed, and can't fail.
 *
 * The latter two don't count what they are told. They make the record follow
 * the folio: how many of its pages are mapped is known from the folio itself.
 * Hooks of a file folio may run in another order than its map counts changed,
 * and rmap's own numbers may be off for a large folio when mappings race;
 * neither leaves a trace, since the last one to change a map count looks at
 * the folio after that.
 */

#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "internal.h"
#include "rss.h"

/* How many pages of a folio are mapped, by their map counts. */
static inline unsigned int folio_mapped_pages(struct folio *folio)
{
	unsigned int mapped;

	if (!folio_test_large(folio))
		return atomic_read(&folio->_mapcount) >= 0;

	/* Either part may be off while rmap changes it. */
	mapped = atomic_read(&folio->_nr_pages_mapped);
	if (mapped >= ENTIRELY_MAPPED)
		return folio_nr_pages(folio);
	return min_t(unsigned int, mapped, folio_nr_pages(folio));
}

/*
 * Whether reclaim could ever unmap the folio. Drivers map memory of the kernel
 * by the file rmap, too, some with a mapping set, but don't claim that it is
 * up to date with a file.
 */
static bool folio_chargeable(struct folio *folio)
{
	if (folio_test_anon(folio))
		return true;
	return folio_test_uptodate(folio) && folio->mapping &&
	       !folio_is_zone_device(folio);
}

static enum rss_type folio_rss_type(struct folio *folio)
{
	if (folio_test_anon(folio))
		return RSS_ANON;
	return folio_test_swapbacked(folio) ? RSS_SHMEM : RSS_FILE;
}

static void rss_order_mapcount(struct folio *folio)
{
	if (!folio_test_large(folio))
		return;
	/*
	 * Between a change of the map counts and the first look at the record.
	 * Pairs with the cmpxchg in rss_sync_folio().
	 */
	smp_mb();
}

/*
 * Makes the record of a folio say how many of its pages are mapped, and
 * charges or uncharges its owner by the difference.
 *
 * @toucher owns the folio if nobody does. @claim says whether that is allowed:
 * unmapping finds nobody where pages of nobody's are unmapped, or where a
 * racing rss_charge_folio() is about to charge what it mapped.
 *
 * After writing, this looks at the folio again. It pairs with itself: either
 * it sees a map count that changed meanwhile, or the one who changed it sees
 * what was written. Both are fully ordered, the map counts of small folios by
 * rmap's value-returning atomics, those of large ones by rss_order_mapcount().
 */
static void rss_sync_folio(struct page_container *pc, struct folio *folio,
			   struct rss_container *toucher, bool claim)
{
	enum rss_type type = folio_rss_type(folio);
	u64 old, new, written = RSS_STATE_NR;

	for (;;) {
		unsigned int mapped = folio_mapped_pages(folio);
		struct rss_container *owner;

		old = page_container_state(pc);
		if (rss_state_nr(old) == mapped)
			return;

		if (!rss_state_nr(old)) {
			u64 home;

			/*
			 * Mapped again since we found it unmapped? Then it
			 * never was nobody's, as far as the one who mapped it
			 * could see.
			 */
			if (!claim && old != written)
				return;
			if (!claim)
				toucher = rss_from_id(rss_state_id(old));
			home = rss_state(toucher ? toucher->css.id :
					 RSS_ROOT_ID, type, folio_order(folio));
			if (old != home) {
				toucher = rss_lru_link(pc, folio, toucher,
						       home);
				continue;
			}
		}

		/* Before its record lets go of it: it may be offline then. */
		if (toucher && toucher->css.id == rss_state_id(old))
			owner = toucher;
		else
			owner = rss_from_id(rss_state_id(old));
		new = rss_state_set_nr(old, mapped);
		if (!page_container_cmpxchg(pc, &old, new))
			continue;

		rss_account(owner, rss_state_type(old),
			    (long)mapped - rss_state_nr(old));
		written = new;
	}
}

void __rss_charge_folio(struct folio *folio, struct mm_struct *mm)
{
	struct rss_container *toucher;
	struct page_container *pc;

	rss_order_mapcount(folio);
	rcu_read_lock();
	toucher = mm_to_rss(mm);
	pc = folio_page_container(folio);
	if (pc && (toucher || READ_ONCE(rss_root_marks)) &&
	    folio_chargeable(folio))
		rss_sync_folio(pc, folio, toucher, true);
	rcu_read_unlock();
}

void __rss_uncharge_folio(struct folio *folio, struct mm_struct *mm)
{
	struct page_container *pc;

	rss_order_mapcount(folio);
	rcu_read_lock();
	pc = folio_page_container(folio);
	if (pc && rss_state_nr(page_container_state(pc)))
		rss_sync_folio(pc, folio, rcu_dereference(mm->rss_container),
			       false);
	rcu_read_unlock();
}

/* Tasks on their way out, and reclaim itself, must not be held up here. */
static bool rss_may_exceed(void)
{
	return fatal_signal_pending(current) || tsk_is_oom_victim(current) ||
	       (current->flags & (PF_EXITING | PF_MEMALLOC));
}

/* The nearest level on the way up that has no room, or NULL. */
static struct rss_container *rss_first_full(struct rss_container *rss)
{
	struct res_counter *cnt;

	for (cnt = &rss->res; cnt; cnt = cnt->parent)
		if (res_counter_usage(cnt) >= res_counter_limit(cnt))
			return container_of(cnt, struct rss_container, res);
	return NULL;
}

/* Once all has been tried in vain, who waits just looks now and then. */
static int rss_reclaim_retries(struct rss_container *rss)
{
	return READ_ONCE(rss->stuck) ? 0 : RSS_RECLAIM_RETRIES;
}

/*
 * Reclaims, and kills if that does not help, until no limit on the way up is
 * exceeded. Returns 0; -EINTR if the task has to get on first; -EBUSY if
 * nothing can be killed.
 */
static int rss_resolve_over(struct rss_container *rss)
{
	struct rss_container *over, *last = NULL;
	unsigned long excess, progress;
	struct res_counter *cnt;
	int retries = 0;

	while (READ_ONCE(rss->over)) {
		if (rss_may_exceed())
			return -EINTR;

		WRITE_ONCE(rss->over, false);
		/*
		 * Either this sees a charge of rss_stock_balance(), or that
		 * sets the flag again.
		 */
		smp_mb();
		cnt = res_counter_first_over(&rss->res);
		if (!cnt)
			break;
		WRITE_ONCE(rss->over, true);

		over = container_of(cnt, struct rss_container, res);
		if (over != last) {
			/* What is in stock does not exceed any limit. */
			res_counter_inc_failcnt(cnt);
			last = over;
			retries = rss_reclaim_retries(over);
			rss_stock_drain(over);
			continue;
		}

		excess = res_counter_excess(cnt);
		if (!excess)
			continue;
		progress = try_to_free_pages_in_container(over, excess);
		rss_stock_drain(over);
		if (progress) {
			retries = RSS_RECLAIM_RETRIES;
			continue;
		}
		if (retries) {
			retries--;
			continue;
		}
		if (!rss_out_of_memory(over))
			return -EBUSY;
		/* Let the victim go. */
		schedule_timeout_killable(1);
	}

	return 0;
}

/*
 * Fills the stock, reclaiming at the limit. Returns false if that is in vain
 * and nothing could be killed, either: there will be no room for what the
 * fault maps. If something can be killed that is left to rss_resolve_over(),
 * since this fault may map nothing.
 */
static bool rss_make_room(struct rss_container *rss)
{
	struct rss_container *full;
	struct res_counter *fail;
	int retries;

	full = rss_first_full(rss);
	if (full)
		rss_stock_drain(full);

	while (rss_stock_fill(rss, &fail)) {
		full = container_of(fail, struct rss_container, res);
		retries = rss_reclaim_retries(full);
		do {
			if (rss_may_exceed())
				return true;
			if (try_to_free_pages_in_container(full,
							   SWAP_CLUSTER_MAX))
				retries = RSS_RECLAIM_RETRIES;
			else if (!retries--)
				return rss_oom_candidate(full);
			rss_stock_drain(full);
		} while (!res_counter_margin(&rss->res));
	}
	return true;
}

/* The next time that nothing can be killed is news again. */
static void rss_unstick(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		if (READ_ONCE(rss->stuck))
			WRITE_ONCE(rss->stuck, false);
}

/*
 * Asleep until there is room or the task is killed. Returns after a while all
 * the same, since more may have become reclaimable, by munlock() or new swap.
 */
static void rss_wait_for_room(struct rss_container *rss)
{
	struct rss_container *full;
	int i;

	for (i = 0; i < 50 && !rss_may_exceed(); i++) {
		full = rss_first_full(rss);
		if (!full) {
			rss_unstick(rss);
			break;
		}
		__set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		schedule_timeout(HZ / 10);
		/* What was freed may have gone there. */
		rss_stock_drain(full);
	}
}

vm_fault_t __rss_prepare_fault(struct vm_area_struct *vma, unsigned int flags)
{
	struct mm_struct *mm = vma->vm_mm;
	struct rss_container *rss;
	vm_fault_t ret = 0;
	bool ready;
	int err;

	rcu_read_lock();
	rss = mm_to_rss(mm);
	ready = !rss || (!READ_ONCE(rss->over) &&
			 this_cpu_read(rss->cpu->stock) > 0);
	rcu_read_unlock();
	if (likely(ready) || is_vm_hugetlb_page(vma) || rss_may_exceed())
		return 0;

	rss = rss_get_from_mm(mm);
	if (!rss)
		return 0;

	err = rss_resolve_over(rss);
	if (!err && rss_make_room(rss))
		goto out;

	/* Faults of the kernel can't be held up, nor who would keep a lock. */
	if (err == -EINTR || !(flags & FAULT_FLAG_USER) ||
	    !(flags & FAULT_FLAG_ALLOW_RETRY) ||
	    (flags & FAULT_FLAG_RETRY_NOWAIT))
		goto out;

	if (flags & FAULT_FLAG_VMA_LOCK)
		vma_end_read(vma);
	else
		mmap_read_unlock(mm);
	rss_wait_for_room(rss);
	ret = VM_FAULT_RETRY;
out:
	rss_put(rss);
	return ret;
}

bool __rss_has_room(struct mm_struct *mm, unsigned long nr)
{
	struct rss_container *rss;
	bool room = true;

	rcu_read_lock();
	rss = mm_to_rss(mm);
	if (rss)
		room = res_counter_margin(&rss->res) +
		       max(this_cpu_read(rss->cpu->stock), 0) >= nr;
	rcu_read_unlock();

	return room;
}

void __rss_handle_over_limit(void)
{
	struct rss_container *rss;

	if (!current->mm)
		return;
	rss = rss_get_from_mm(current->mm);
	if (!rss)
		return;

	while (rss_resolve_over(rss) == -EBUSY)
		rss_wait_for_room(rss);
	rss_put(rss);
}
