// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: making room for pages that will be mapped, the first stage
 * of charging.
 *
 * This runs where a task may sleep: before a fault, and before other
 * operations that map pages. It ensures that the container is not over its
 * limit and that this CPU has a page in stock. At the limit it reclaims;
 * full.c knows when that is in vain.
 */

#include <linux/mm.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/clock.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include "fault.h"

/**
 * struct rss_fault - the fault that room is made for
 * @vmf: the fault
 * @start: local_clock() when the task began to make room, or 0
 */
struct rss_fault {
	struct vm_fault *vmf;
	u64 start;
};

/* The stock is empty and the limit is near. @fault may be NULL. */
static void rss_fault_begin(struct rss_fault *fault)
{
	if (fault && !fault->start)
		fault->start = local_clock();
}

/* Exiting tasks and reclaim itself must not be held up. */
static bool rss_exempt(void)
{
	return current->flags & (PF_EXITING | PF_MEMALLOC);
}

/* The nearest level without room, or NULL. */
static struct rss_container *rss_first_full(struct rss_container *rss)
{
	struct res_counter *cnt;

	for (cnt = &rss->res; cnt; cnt = cnt->parent)
		if (!res_counter_room(cnt))
			return res_to_rss(cnt);
	return NULL;
}

/* There is room at each level, and it took no reclaim. */
static void rss_room_found(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		if (unlikely(READ_ONCE(rss->full.state) != RSS_FULL_ROOM))
			rss_full_leave(rss);
}

/* What @rss can charge once the stocks of @full, or NULL, are returned. */
static unsigned long rss_drained_margin(struct rss_container *rss,
					struct rss_container *full)
{
	if (full)
		rss_stock_drain(full);
	return res_counter_margin(&rss->res);
}

/*
 * Fill the stock, reclaiming at the limit. If nothing can be reclaimed, the
 * fault proceeds, as it may map nothing; rss_resolve_over() handles any
 * excess. Returns 0, -EINTR if the task was killed, -EBUSY if nothing can be
 * killed, either. @fault is NULL outside of faults.
 */
static int rss_fill_stock(struct rss_container *rss, struct rss_fault *fault)
{
	unsigned long margin = res_counter_margin(&rss->res);
	struct rss_container *full = NULL;
	bool drained = !margin;
	struct res_counter *fail;

	if (drained) {
		rss_fault_begin(fault);
		margin = rss_drained_margin(rss, rss_first_full(rss));
	}

	while (rss_stock_fill(rss, margin, &fail)) {
		rss_fault_begin(fault);
		if (!drained) {
			/* Others took the margin. It may be in their stocks. */
			drained = true;
			margin = rss_drained_margin(rss, res_to_rss(fail));
			if (margin)
				continue;
		}
		full = res_to_rss(fail);
		rss_limit_met(full);
		do {
			if (fatal_signal_pending(current))
				return -EINTR;
			if (!rss_reclaim_at_limit(full, SWAP_CLUSTER_MAX, false))
				return rss_full_stuck(full) ? -EBUSY : 0;
			margin = rss_drained_margin(rss, full);
		} while (!margin);
	}

	current->rss.excess = 0;
	if (!full)
		rss_room_found(rss);
	else if (fault && rss_note_fault(full, fault->vmf->vma->vm_mm,
					 fault->vmf->address, fault->start))
		rss_kill_at_limit(full, true);
	return 0;
}

/*
 * The container that needs preparation before pages are mapped into @mm, with
 * a reference. Usually NULL: all is ready.
 */
static struct rss_container *rss_get_unprepared(struct mm_struct *mm)
{
	if (likely(rss_ready(mm)) || rss_exempt())
		return NULL;

	return rss_get_from_mm(mm);
}

/* Like rss_fill_stock(), after bringing usage back under the limits. */
static int rss_prepare(struct rss_container *rss, struct rss_fault *fault)
{
	int err;

	if (fatal_signal_pending(current))
		return -EINTR;
	rss_batch_prepare();
	if (unlikely(current->rss.pushed || READ_ONCE(rss->over))) {
		rss_fault_begin(fault);
		err = rss_resolve_pushed();
		if (!err)
			err = rss_resolve_over(rss, rss);
		if (err)
			return err;
	}
	return rss_fill_stock(rss, fault);
}

static bool rss_may_drop_locks(unsigned int flags)
{
	return flags & FAULT_FLAG_ALLOW_RETRY &&
	       !(flags & FAULT_FLAG_RETRY_NOWAIT);
}

static void rss_drop_locks(struct vm_area_struct *vma, unsigned int flags)
{
	if (flags & FAULT_FLAG_VMA_LOCK)
		vma_end_read(vma);
	else
		mmap_read_unlock(vma->vm_mm);
}

/*
 * The kernel accesses user memory and may hold locks, so this fault can
 * neither sleep nor be retried. It goes past the limit, but a long system call
 * must not fill memory that way. After RSS_KERNEL_EXCESS faults without room
 * it gets an error, and read(2), for one, returns what it has read so far. The
 * task waits for room before it returns to user mode, so each call starts from
 * 0.
 */
static vm_fault_t rss_exceed(unsigned int flags)
{
	if (flags & FAULT_FLAG_USER)
		return 0;
	if (current->rss.excess >= RSS_KERNEL_EXCESS)
		return VM_FAULT_OOM;
	current->rss.excess++;
	/* If the fault maps nothing, nothing else requests it. */
	if (current->mm)
		set_notify_resume(current);
	return 0;
}

vm_fault_t __rss_prepare_fault(struct vm_fault *vmf)
{
	struct vm_area_struct *vma = vmf->vma;
	unsigned int flags = vmf->flags;
	struct rss_fault fault = { .vmf = vmf };
	struct rss_container *rss;
	vm_fault_t ret = 0;
	int err;

	rss = rss_get_unprepared(vma->vm_mm);
	if (!rss)
		return 0;
	err = rss_prepare(rss, &fault);
	if (!err)
		goto out;

	if (!rss_may_drop_locks(flags) ||
	    (err == -EBUSY && !(flags & FAULT_FLAG_USER))) {
		ret = rss_exceed(flags);
		goto out;
	}

	/* A killed task does not need the page any more. */
	rss_drop_locks(vma, flags);
	if (err == -EBUSY)
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

	if (rss && rss_prepare(rss, NULL) == -EBUSY)
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
					       SWAP_CLUSTER_MAX, true, NULL);
	}
	if (rss_stock_fill(rss, res_counter_margin(&rss->res), &fail))
		rss_limit_met(res_to_rss(fail));
	rss_put(rss);
}

static bool rss_room_for(struct rss_container *rss, unsigned long nr)
{
	return !rss || res_counter_margin(&rss->res) +
		       max(this_cpu_read(rss->cpu->stock), 0) >= nr;
}

bool __rss_has_room(struct mm_struct *mm, unsigned long nr)
{
	bool room;

	rcu_read_lock();
	room = rss_room_for(mm_to_rss(mm), nr);
	rcu_read_unlock();

	return room;
}

/* The first to map any part of the folio is charged for all of it. */
bool __rss_has_room_for(struct mm_struct *mm, struct folio *folio)
{
	unsigned long nr = folio_nr_pages(folio);
	struct rss_container *owner = NULL;
	struct page_container *pc;
	bool room;

	rcu_read_lock();
	pc = folio_page_container(folio);
	if (pc) {
		u64 state = page_container_state(pc);

		if (rss_state_nr(state))
			owner = rss_from_id(rss_state_id(state));
		nr -= min(nr, rss_state_nr(state));
	}
	room = rss_room_for(owner ?: mm_to_rss(mm), nr);
	rcu_read_unlock();

	return room;
}

bool __rss_may_fault_around(struct mm_struct *mm)
{
	struct rss_container *rss;
	bool may;

	rcu_read_lock();
	rss = rcu_dereference(mm->rss_container);
	may = !rss || !(READ_ONCE(rss->tight) || current->rss.pushed);
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
		try_to_free_pages_in_container(full, nr - room, true, NULL);
		rss_stock_drain(full);
	}
	rss_put(rss);

	return __rss_has_room(mm, nr);
}
