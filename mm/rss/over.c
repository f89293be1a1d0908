// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: bringing a container back under its limit.
 *
 * A charge that finds no page in stock goes past the limit. The task that
 * mapped the page resolves that on its way back to user mode, or before its
 * next fault: it reclaims, has a task killed, or waits.
 *
 * A task may also push a container that it is not in: further pages of a large
 * folio that it maps are charged to the folio's owner. It is held up as well,
 * but can't have a task killed there. If there is no task to hold up, a worker
 * reclaims.
 */

#define pr_fmt(fmt) "rss: " fmt

#include <linux/mm.h>
#include <linux/resume_user_mode.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include <trace/events/rss_container.h>

#include "rss.h"

/**
 * rss_limit_met - note that a charge met a limit
 * @rss: the container whose limit it is
 */
void rss_limit_met(struct rss_container *rss)
{
	rss_event(rss, RSS_EVENT_LIMIT);
	trace_rss_container_limit(rss_trace_id(rss),
				  res_counter_usage(&rss->res),
				  res_counter_limit(&rss->res));
}

/* Nothing can be reclaimed or killed: tasks have to wait. */
static void rss_give_up(struct rss_container *rss)
{
	if (!rss_full_give_up(rss))
		return;
	rss_container_oom_report(rss);
	pr_warn("nothing to reclaim and no killable task, tasks of the container wait\n");
}

/*
 * Returns the number of pages uncharged by this task or, if none, by others
 * meanwhile: this scan may have failed because others held all folios. Either
 * they still hold them, or what they took is counted.
 */
static unsigned long rss_try_reclaim(struct rss_container *rss,
				     unsigned long nr)
{
	unsigned long before = atomic_long_read(&rss->stolen);
	int retries = RSS_RECLAIM_RETRIES;
	unsigned long progress;
	bool busy, alone;

	for (;;) {
		atomic_inc(&rss->full.reclaiming);
		progress = try_to_free_pages_in_container(rss, nr, true, &busy);
		alone = atomic_dec_and_test(&rss->full.reclaiming);
		if (!progress)
			progress = atomic_long_read(&rss->stolen) - before;
		if (progress || fatal_signal_pending(current))
			return progress;
		if ((alone && !busy) || !retries--)
			return rss_split_underused(rss, nr);
		rss_await_busy();
	}
}

/*
 * Pages that others have unmapped since room was last checked may be in stock
 * on their CPUs, where usage does not show them.
 */
static unsigned long rss_get_from_stocks(struct rss_container *rss)
{
	unsigned long before = res_counter_usage(&rss->res), usage;

	rss_stock_drain(rss);
	usage = res_counter_usage(&rss->res);
	return before - min(before, usage) ?: res_counter_room(&rss->res);
}

/* More than SWAP_CLUSTER_MAX, so that reclaim is not gentle. */
#define RSS_LAST_LOOK		(2 * SWAP_CLUSTER_MAX)

/**
 * rss_reclaim_at_limit - reclaim from a full container, unless that is in vain
 * @rss: the container
 * @nr: number of pages wanted
 * @sure: the caller may kill, so an earlier result is not enough
 *
 * If nothing can be killed, either, this finds it out before anything goes
 * past the limit.
 *
 * Context: may sleep.
 * Return: true if pages were reclaimed or a fatal signal is pending; false if
 * there is nothing to reclaim.
 */
bool rss_reclaim_at_limit(struct rss_container *rss, unsigned long nr,
			  bool sure)
{
	unsigned long progress;
	bool doubted;

	if (!rss_full_claim_scan(rss, sure))
		return false;

	doubted = rss_full_doubted(rss);
	if (doubted)
		nr = max(nr, RSS_LAST_LOOK);
	progress = rss_try_reclaim(rss, nr) ?: rss_get_from_stocks(rss);
	if (!progress && fatal_signal_pending(current))
		return true;
	rss_full_found(rss, progress, doubted);
	if (!progress &&
	    (atomic_read(&rss->full.pushers) || !rss_has_victim(rss)))
		rss_give_up(rss);
	return progress;
}

/**
 * rss_kill_at_limit - kill a task in a full container
 * @rss: the container
 * @thrashes: it is within its limit, but its tasks make no progress
 *
 * Tasks inside are not responsible for pages of the container's folios that
 * tasks outside have mapped. None is killed while such a task is held up.
 *
 * Context: may sleep.
 * Return: false if there is nothing to kill.
 */
bool rss_kill_at_limit(struct rss_container *rss, bool thrashes)
{
	/* Just found out, or reclaim would have been tried again. */
	if (rss_full_stuck(rss))
		return false;
	if (!atomic_read(&rss->full.pushers) &&
	    rss_out_of_memory(rss, thrashes))
		return true;
	/* A container that thrashes still makes some progress. */
	if (!thrashes)
		rss_give_up(rss);
	return false;
}

static struct rss_container *rss_over_from(struct res_counter *cnt)
{
	cnt = res_counter_first_over(cnt);
	return cnt ? res_to_rss(cnt) : NULL;
}

/* The nearest level over its limit; called after @over was seen set. */
static struct rss_container *rss_clear_over(struct rss_container *rss)
{
	struct rss_container *over;

	WRITE_ONCE(rss->over, false);
	/*
	 * Either this sees the charge of rss_stock_apply(), or @over is set
	 * again.
	 */
	smp_mb();
	over = rss_over_from(&rss->res);
	if (over)
		WRITE_ONCE(rss->over, true);
	return over;
}

/* The nearest level from @over up in which @killer may have a task killed. */
static struct rss_container *rss_killing_level(struct rss_container *over,
					       struct rss_container *killer)
{
	while (over && !rss_is_inside(killer, over))
		over = over->res.parent ? rss_over_from(over->res.parent) : NULL;
	return over;
}

/**
 * rss_resolve_over - bring a container and its ancestors under their limits
 * @rss: the container
 * @killer: tasks may be killed in this container and its ancestors; NULL for
 *	none
 *
 * Context: may sleep.
 * Return: 0; -EINTR if current was killed; -EBUSY if nothing can be reclaimed
 * or killed.
 */
int rss_resolve_over(struct rss_container *rss, struct rss_container *killer)
{
	struct rss_container *over, *last = NULL, *level;
	unsigned long excess;

	while (READ_ONCE(rss->over)) {
		if (fatal_signal_pending(current))
			return -EINTR;
		over = rss_clear_over(rss);
		if (!over)
			break;

		if (over != last) {
			/* Pages in stock do not exceed any limit. */
			res_counter_inc_failcnt(&over->res);
			rss_limit_met(over);
			last = over;
			rss_stock_drain(over);
			continue;
		}

		excess = res_counter_excess(&over->res);
		if (!excess)
			continue;
		/* Others may reclaim, too; re-check between batches. */
		excess = min(excess, RSS_RECLAIM_BATCH);
		if (rss_reclaim_at_limit(over, excess, killer)) {
			rss_stock_drain(over);
			continue;
		}
		level = rss_killing_level(over, killer);
		if (!level || !rss_kill_at_limit(level, false))
			return -EBUSY;
		/* Let the victim exit. */
		schedule_timeout_killable(1);
	}

	return 0;
}

/**
 * rss_resolve_pushed - bring a container that current pushed under its limit
 *
 * Context: may sleep.
 * Return: as for rss_resolve_over().
 */
int rss_resolve_pushed(void)
{
	struct rss_task *task = &current->rss;
	struct rss_container *own;
	int err;

	if (likely(!task->pushed))
		return 0;
	own = current->mm ? rss_get_from_mm(current->mm) : NULL;
	err = rss_resolve_over(task->pushed, own);
	/* A task that was moved out of all containers is not held up. */
	if (!err || !own)
		rss_end_push(current);
	rss_put(own);
	return own ? err : 0;
}

/**
 * rss_wait_for_room - wait until a task can proceed
 * @rss: the container without room; NULL if only the one that current pushed
 *	has none
 * @over: wait only until no limit is exceeded
 *
 * Also returns after a while, or if a signal is pending.
 *
 * Context: sleeps, no locks held.
 */
void rss_wait_for_room(struct rss_container *rss, bool over)
{
	struct rss_container *full = NULL;
	struct res_counter *cnt;

	if (current->rss.pushed) {
		full = rss_over_from(&current->rss.pushed->res);
		if (full) {
			rss_full_wait(full, true);
			return;
		}
	}
	for (cnt = rss ? &rss->res : NULL; cnt && !full; cnt = cnt->parent)
		if (over ? res_counter_excess(cnt) : !res_counter_room(cnt))
			full = res_to_rss(cnt);
	if (full)
		rss_full_wait(full, over);
}

void __rss_handle_over_limit(void)
{
	struct rss_container *rss;
	int err;

	/* io_uring workers may hold locks here. */
	if (!current->mm || current->flags & PF_USER_WORKER)
		return;

	/* A task that is moved meanwhile need not wait for the old one. */
	do {
		err = rss_resolve_pushed();
		rss = rss_get_from_mm(current->mm);
		if (!err && rss)
			err = rss_resolve_over(rss, rss);
		if (err == -EBUSY)
			rss_wait_for_room(rss, true);
		rss_put(rss);
		/* It may have to stop or freeze. Then this is called again. */
		if (err == -EBUSY && signal_pending(current)) {
			set_notify_resume(current);
			return;
		}
	} while (err == -EBUSY);
	if (!err)
		current->rss.excess = 0;
}

/*
 * For charges that hold no task up: of another mm, of the kernel, or of no
 * container. No task inside is killed for them until it maps something itself.
 */
void rss_over_fn(struct work_struct *work)
{
	struct rss_container *rss =
		container_of(work, struct rss_container, over_work);

	rss_resolve_over(rss, NULL);
	rss_put(rss);
}

/**
 * rss_exceeded - make sure that a container returns under its limit
 * @rss: the container for which rss_account() reported an excess
 * @pushed: current, in another container or in none, mapped for itself a page
 *	that @rss owns
 *
 * Context: atomic, RCU read side.
 */
void rss_exceeded(struct rss_container *rss, bool pushed)
{
	struct mm_struct *mm = current->mm;
	struct rss_container *own;

	/* Workers of io_uring and vhost never return to user mode. */
	if (mm && !(current->flags & (PF_KTHREAD | PF_USER_WORKER))) {
		own = mm_to_rss(mm);
		if (own == rss || (pushed && rss_push(rss, own))) {
			set_notify_resume(current);
			return;
		}
	}
	/* If no reference is left, it owns nothing. */
	if (css_tryget(&rss->css) &&
	    !rss_queue_work(&rss->over_work))
		rss_put(rss);
}
