// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: making room for what will be mapped, the first stage of
 * charging.
 *
 * It runs where a task may sleep: before a fault, before other operations that
 * map pages, and on the way back to user mode. It sees that the container is
 * not over its limit and that this CPU has a page in stock, and reclaims and
 * kills if need be.
 */

#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include <trace/events/rss_container.h>

#include "rss_fault.h"

/* Tasks on their way out, and reclaim itself, must not be held up here. */
static bool rss_may_exceed(void)
{
	return fatal_signal_pending(current) || tsk_is_oom_victim(current) ||
	       (current->flags & (PF_EXITING | PF_MEMALLOC));
}

static void rss_limit_met(struct rss_container *rss)
{
	rss_event(rss, RSS_EVENT_LIMIT);
	trace_rss_container_limit(rss_trace_id(rss),
				  res_counter_usage(&rss->res),
				  res_counter_limit(&rss->res));
}

/* The nearest level on the way up that has no room, or NULL. */
static struct rss_container *rss_first_full(struct rss_container *rss)
{
	struct res_counter *cnt;

	for (cnt = &rss->res; cnt; cnt = cnt->parent)
		if (!res_counter_room(cnt))
			return res_to_rss(cnt);
	return NULL;
}

/* The nearest level on the way up that is over its limit, or NULL. */
static struct rss_container *rss_first_over(struct rss_container *rss)
{
	struct res_counter *cnt = res_counter_first_over(&rss->res);

	return cnt ? res_to_rss(cnt) : NULL;
}

/* Once all has been tried in vain, who waits just looks now and then. */
static int rss_reclaim_retries(struct rss_container *rss)
{
	return READ_ONCE(rss->stuck) ? 0 : RSS_RECLAIM_RETRIES;
}

/*
 * Whether reclaim found nothing before the fault that went past the limit. Then
 * there is only what that mapped, and if it were taken away the task would fault
 * on it for ever: its code, say, in a container full of anonymous pages without
 * swap.
 */
static bool rss_was_hopeless(struct rss_container *rss)
{
	if (likely(READ_ONCE(rss->hopeless) != current))
		return false;
	WRITE_ONCE(rss->hopeless, NULL);
	return true;
}

/*
 * Reclaims, and kills if that does not help and @kill allows it, until no limit
 * on the way up is exceeded. Returns 0; -EINTR if the task has to get on first;
 * -EBUSY if nothing can be killed.
 */
static int rss_resolve_over(struct rss_container *rss, bool kill)
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

		over = res_to_rss(cnt);
		if (over != last) {
			/* What is in stock does not exceed any limit. */
			res_counter_inc_failcnt(cnt);
			rss_limit_met(over);
			last = over;
			retries = rss_reclaim_retries(over);
			rss_stock_drain(over);
			continue;
		}

		excess = res_counter_excess(cnt);
		if (!excess)
			continue;
		if (!kill || !rss_was_hopeless(over)) {
			/* Others may be at it, too: look again in between. */
			excess = min(excess, RSS_RECLAIM_BATCH);
			progress = try_to_free_pages_in_container(over, excess,
								  true);
			rss_stock_drain(over);
			if (progress) {
				retries = RSS_RECLAIM_RETRIES;
				continue;
			}
			if (retries) {
				retries--;
				continue;
			}
		}
		if (!kill || !rss_out_of_memory(over))
			return -EBUSY;
		/* Let the victim go. */
		schedule_timeout_killable(1);
	}

	return 0;
}

/* Whatever reclaim found before, now there is room at each level. */
static void rss_has_hope(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		if (unlikely(READ_ONCE(rss->hopeless)))
			WRITE_ONCE(rss->hopeless, NULL);
}

/*
 * Fills the stock, reclaiming at the limit. Returns false if that is in vain
 * and nothing could be killed, either: there will be no room for what the
 * fault maps. If something can be killed that is left to rss_resolve_over(),
 * since this fault may map nothing.
 */
static bool rss_make_room(struct rss_container *rss)
{
	unsigned long margin = res_counter_margin(&rss->res);
	struct rss_container *full;
	struct res_counter *fail;
	int retries;

	if (!margin) {
		full = rss_first_full(rss);
		if (full)
			rss_stock_drain(full);
		margin = res_counter_margin(&rss->res);
	}

	while (rss_stock_fill(rss, margin, &fail)) {
		full = res_to_rss(fail);
		rss_limit_met(full);
		retries = rss_reclaim_retries(full);
		do {
			if (rss_may_exceed())
				return true;
			if (try_to_free_pages_in_container(full,
							   SWAP_CLUSTER_MAX,
							   true)) {
				retries = RSS_RECLAIM_RETRIES;
			} else if (!retries--) {
				WRITE_ONCE(full->hopeless, current);
				return rss_oom_candidate(full);
			}
			rss_stock_drain(full);
			margin = res_counter_margin(&rss->res);
		} while (!margin);
	}
	rss_has_hope(rss);
	return true;
}

/* The next time that nothing can be killed is news again. */
static void rss_unstick(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		if (READ_ONCE(rss->stuck))
			WRITE_ONCE(rss->stuck, 0);
}

/*
 * Asleep until there is room, or, if @over, no limit is exceeded any more. Returns
 * after a while all the same, since more may have become reclaimable, by munlock()
 * or new swap; soon if there is a signal to see to.
 */
static void rss_wait_for_room(struct rss_container *rss, bool over)
{
	struct rss_container *full;
	int i;

	for (i = 0; i < 50 && !rss_may_exceed(); i++) {
		full = rss_first_full(rss);
		if (!full)
			rss_unstick(rss);
		else if (over)
			full = rss_first_over(rss);
		if (!full)
			break;
		__set_current_state(TASK_KILLABLE | TASK_FREEZABLE);
		schedule_timeout(HZ / 10);
		/* What was freed may have gone there. */
		rss_stock_drain(full);
		/* Looked for here only: each time, all is tried once more. */
		if (signal_pending(current))
			break;
	}
}

/*
 * The container that has to do something before pages are mapped into @mm,
 * with a reference. NULL, nearly always, if all is ready.
 */
static struct rss_container *rss_get_unprepared(struct mm_struct *mm)
{
	if (likely(rss_ready(mm)) || rss_may_exceed())
		return NULL;

	return rss_get_from_mm(mm);
}

/*
 * Returns 0; -EINTR if the task has to get on first; -EBUSY if there is no
 * room and nothing can be killed.
 */
static int rss_prepare(struct rss_container *rss)
{
	int err = rss_resolve_over(rss, true);

	if (!err && !rss_make_room(rss))
		err = -EBUSY;
	return err;
}

vm_fault_t __rss_prepare_fault(struct vm_area_struct *vma, unsigned int flags)
{
	struct rss_container *rss;
	vm_fault_t ret = 0;

	rss = rss_get_unprepared(vma->vm_mm);
	if (!rss)
		return 0;
	if (rss_prepare(rss) != -EBUSY)
		goto out;

	/* Faults of the kernel can't be held up, nor who would keep a lock. */
	if (!(flags & FAULT_FLAG_USER) || !(flags & FAULT_FLAG_ALLOW_RETRY) ||
	    (flags & FAULT_FLAG_RETRY_NOWAIT))
		goto out;

	if (flags & FAULT_FLAG_VMA_LOCK)
		vma_end_read(vma);
	else
		mmap_read_unlock(vma->vm_mm);
	rss_wait_for_room(rss, false);
	ret = VM_FAULT_RETRY;
out:
	rss_put(rss);
	return ret;
}

int __rss_prepare_charge(struct mm_struct *mm)
{
	struct rss_container *rss = rss_get_unprepared(mm);
	int err = 0;

	if (rss && rss_prepare(rss) == -EBUSY)
		err = -ENOMEM;
	rss_put(rss);

	return err;
}

void __rss_prepare_unuse(struct mm_struct *mm)
{
	struct rss_container *rss = rss_get_unprepared(mm), *full;
	struct res_counter *fail;

	if (!rss)
		return;
	full = rss_first_full(rss);
	if (full) {
		rss_stock_drain(full);
		try_to_free_pages_in_container(full,
					       res_counter_excess(&full->res) +
					       SWAP_CLUSTER_MAX, true);
	}
	if (rss_stock_fill(rss, res_counter_margin(&rss->res), &fail))
		rss_limit_met(res_to_rss(fail));
	rss_put(rss);
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

bool __rss_has_room_for(struct mm_struct *mm, struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	struct page_container *pc;

	rcu_read_lock();
	pc = rss_folio_record(folio);
	if (pc)
		nr -= min(nr, rss_state_nr(page_container_state(pc)));
	rcu_read_unlock();

	return __rss_has_room(mm, nr);
}

bool __rss_may_fault_around(struct mm_struct *mm)
{
	struct rss_container *rss;
	bool may;

	rcu_read_lock();
	rss = rcu_dereference(mm->rss_container);
	may = !rss || !READ_ONCE(rss->tight);
	rcu_read_unlock();

	return may;
}

bool __rss_make_room(struct mm_struct *mm, unsigned long nr)
{
	struct rss_container *rss, *full;
	struct res_counter *cnt;

	rss = rss_get_from_mm(mm);
	if (!rss)
		return true;
	for (cnt = &rss->res; cnt; cnt = cnt->parent) {
		unsigned long room = res_counter_room(cnt);

		if (room >= nr)
			continue;
		if (nr > res_counter_limit(cnt))
			break;
		full = res_to_rss(cnt);
		rss_stock_drain(full);
		room = res_counter_room(cnt);
		if (room >= nr)
			continue;
		res_counter_inc_failcnt(cnt);
		rss_limit_met(full);
		try_to_free_pages_in_container(full, nr - room, true);
		rss_stock_drain(full);
	}
	rss_put(rss);

	return __rss_has_room(mm, nr);
}

void __rss_handle_over_limit(void)
{
	struct rss_container *rss;
	bool stuck;

	/* Workers of io_uring come here with locks. */
	if (!current->mm || current->flags & PF_USER_WORKER)
		return;

	/* Who is moved meanwhile does not have to wait for the old container. */
	do {
		rss = rss_get_from_mm(current->mm);
		if (!rss)
			return;
		stuck = rss_resolve_over(rss, true) == -EBUSY;
		if (stuck)
			rss_wait_for_room(rss, true);
		rss_put(rss);
		/* It may be to stop or to freeze. Then comes this again. */
		if (stuck && signal_pending(current)) {
			set_notify_resume(current);
			return;
		}
	} while (stuck);
}

/*
 * For what the tasks of others mapped: parts of a folio that the container
 * owns, or pages in an mm of its. They are not held up for it, and its own
 * tasks may be asleep. None of these is killed for that, before they map
 * something themselves.
 */
static void rss_over_fn(struct work_struct *work)
{
	struct rss_container *pos;

	rss_for_each_in_subtree(pos, rss_root)
		rss_resolve_over(pos, false);
}

static DECLARE_WORK(rss_over_work, rss_over_fn);

/**
 * rss_exceeded - see that a container comes back under its limit
 * @rss: the container that rss_account() says went past a limit
 *
 * Context: atomic, RCU read side.
 */
void rss_exceeded(struct rss_container *rss)
{
	struct mm_struct *mm = current->mm;

	/* Workers of io_uring and vhost never get to user mode. */
	if (mm && !(current->flags & (PF_KTHREAD | PF_USER_WORKER)) &&
	    mm_to_rss(mm) == rss)
		set_notify_resume(current);
	else
		queue_work(system_unbound_wq, &rss_over_work);
}
