// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: what is known about a full container.
 *
 * Each fault that needs a page reclaims from a level at its limit. If that is
 * in vain, the next fault should not find it out again: a scan takes time in
 * proportion to the container's size. So the level keeps a state::
 *
 *                       rss_full_leave(): room, or another limit
 *        +----------------------------------------------------------+
 *        v                                                          |
 *    +--------+  fruitless reclaim   +-------+  nothing to kill  +-------+
 *    |  ROOM  | -------------------> |  DRY  | ----------------> | STUCK |
 *    +--------+ <------------------- +-------+ <---------------- +-------+
 *                 progress, or room             another scan, due
 *
 * ROOM
 *   Nothing is known; reclaim is tried.
 *
 * DRY
 *   Nothing could be reclaimed. A fault proceeds, as it may map nothing that
 *   is charged. If it exceeds the limit, reclaim is tried once more: pages may
 *   have been munlocked, swap freed, or others may have held all folios. If
 *   that finds nothing, a task is killed. If it finds at most RSS_FEW_PAGES,
 *   they may be what that fault mapped, and evicting them would make it fault
 *   forever. So the state stays, and after RSS_DRY_LOOKS such scans, each
 *   within RSS_DRY_LEASE of the last, a task is killed, too.
 *
 * STUCK
 *   Nothing could be killed, either. This was logged, and tasks wait for room
 *   in rss_full_wait(). One of them scans again every RSS_STUCK_LEASE.
 *
 * Only real room ends this for good: a charge that found room without reclaim,
 * or another limit. After that, a failure to kill is logged again.
 *
 * States are changed without a lock. A change that is lost costs one more
 * scan, or a scan that is late by a lease.
 */

#include <linux/cgroup.h>
#include <linux/jiffies.h>
#include <linux/psi.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "rss.h"

/*
 * How long a failure to reclaim is remembered. From preparation to its end, a
 * fault takes microseconds, plus the time that it is preempted.
 */
#define RSS_DRY_LEASE		(HZ / 10)
#define RSS_DRY_LOOKS		4

/*
 * Pages that one instruction may need at the same time: with no more left to
 * evict, a task would fault again on what was taken from it.
 */
#define RSS_FEW_PAGES		8

/*
 * How often a waiting container is scanned for pages that became reclaimable
 * without being unmapped, and for tasks that became killable: rare enough not
 * to matter for the CPU, often enough for a user who watches.
 */
#define RSS_STUCK_LEASE		HZ

/**
 * rss_full_init - set up a new container
 * @rss: the container
 */
void rss_full_init(struct rss_container *rss)
{
	init_waitqueue_head(&rss->full.wait);
	atomic_set(&rss->full.reclaiming, 0);
	atomic_set(&rss->full.pushers, 0);
}

/**
 * rss_full_leave - a container has room, or another limit
 * @rss: the container
 *
 * The next failure to kill is logged again.
 *
 * Context: any but NMI.
 */
void rss_full_leave(struct rss_container *rss)
{
	struct rss_full *full = &rss->full;

	if (READ_ONCE(full->state) != RSS_FULL_ROOM)
		WRITE_ONCE(full->state, RSS_FULL_ROOM);
	if (READ_ONCE(full->looks))
		WRITE_ONCE(full->looks, 0);
	if (READ_ONCE(full->logged))
		WRITE_ONCE(full->logged, false);
	if (wq_has_sleeper(&full->wait))
		wake_up_all(&full->wait);
}

/**
 * rss_full_room - wake tasks that wait for room, if there is any
 * @rss: the container whose counter, and those above, went down
 *
 * Pairs with rss_full_wait() by the full barriers in res_counter_uncharge()
 * and prepare_to_wait().
 *
 * Context: any but NMI.
 */
void rss_full_room(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		/* The preceding uncharge is the barrier. */
		if (unlikely(waitqueue_active(&rss->full.wait)) &&
		    !res_counter_excess(&rss->res))
			wake_up_all(&rss->full.wait);
}

/**
 * rss_full_awaited - do tasks wait for room in a container or above it?
 * @rss: the container
 *
 * Return: true if each uncharged page must show in the counter.
 */
bool rss_full_awaited(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		/* Pairs with rss_stock_stop() in rss_full_wait(). */
		if (unlikely(waitqueue_active(&rss->full.wait)))
			return true;
	return false;
}

/**
 * rss_full_doubted - is one last, thorough scan due?
 * @rss: the container, which exceeds its limit
 *
 * Return: true if nothing could be reclaimed a moment ago.
 */
bool rss_full_doubted(struct rss_container *rss)
{
	struct rss_full *full = &rss->full;

	return READ_ONCE(full->state) == RSS_FULL_DRY &&
	       time_before(jiffies, READ_ONCE(full->looked) + RSS_DRY_LEASE);
}

/**
 * rss_full_claim_scan - should this task try to reclaim?
 * @rss: the container
 * @sure: the caller may kill, so one failure is not enough
 *
 * Return: true if it should; false if reclaim is known to be in vain.
 */
bool rss_full_claim_scan(struct rss_container *rss, bool sure)
{
	struct rss_full *full = &rss->full;
	unsigned long looked = READ_ONCE(full->looked);

	switch (READ_ONCE(full->state)) {
	case RSS_FULL_DRY:
		return sure && (READ_ONCE(full->looks) < RSS_DRY_LOOKS ||
				!rss_full_doubted(rss));
	case RSS_FULL_STUCK:
		if (time_before(jiffies, looked + RSS_STUCK_LEASE))
			return false;
		/* One task scans on behalf of all. */
		return cmpxchg(&full->looked, looked, jiffies) == looked;
	default:
		return true;
	}
}

/**
 * rss_full_stuck - do the tasks of a container wait for room?
 * @rss: the container
 *
 * Return: true if nothing could be reclaimed or killed.
 */
bool rss_full_stuck(struct rss_container *rss)
{
	return READ_ONCE(rss->full.state) == RSS_FULL_STUCK;
}

/**
 * rss_full_found - note the result of reclaim from a full container
 * @rss: the container
 * @nr: number of pages reclaimed
 * @doubted: rss_full_doubted() before
 */
void rss_full_found(struct rss_container *rss, unsigned long nr, bool doubted)
{
	struct rss_full *full = &rss->full;

	WRITE_ONCE(full->looked, jiffies);
	if (!nr) {
		WRITE_ONCE(full->state, RSS_FULL_DRY);
	} else if (doubted && nr <= RSS_FEW_PAGES) {
		WRITE_ONCE(full->looks, READ_ONCE(full->looks) + 1);
		WRITE_ONCE(full->state, RSS_FULL_DRY);
	} else {
		WRITE_ONCE(full->looks, 0);
		WRITE_ONCE(full->state, RSS_FULL_ROOM);
	}
}

/**
 * rss_full_give_up - nothing could be killed in a container, either
 * @rss: the container
 *
 * Return: true if that should be logged.
 */
bool rss_full_give_up(struct rss_container *rss)
{
	struct rss_full *full = &rss->full;

	WRITE_ONCE(full->state, RSS_FULL_STUCK);
	/* Two tasks may race here; then it is logged twice. */
	if (READ_ONCE(full->logged))
		return false;
	WRITE_ONCE(full->logged, true);
	return true;
}

static bool rss_full_still(struct rss_container *rss, bool over)
{
	return over ? res_counter_excess(&rss->res) :
		      !res_counter_room(&rss->res);
}

/**
 * rss_full_wait - wait until a container has room
 * @rss: the container
 * @over: wait only until the limit is not exceeded
 *
 * Also returns after RSS_STUCK_LEASE, as more may have become reclaimable, and
 * if a signal is pending.
 *
 * Context: sleeps, no locks held. Accounted as a memory stall.
 */
void rss_full_wait(struct rss_container *rss, bool over)
{
	struct rss_full *full = &rss->full;
	unsigned long pflags;
	DEFINE_WAIT(wait);

	psi_memstall_enter(&pflags);
	rss_stock_watch();
	prepare_to_wait(&full->wait, &wait,
			TASK_INTERRUPTIBLE | TASK_FREEZABLE);
	/* Pairs with rss_stock_recheck(), which checks for waiters. */
	rss_stock_stop(rss);
	if (rss_full_still(rss, over))
		schedule_timeout(RSS_STUCK_LEASE);
	finish_wait(&full->wait, &wait);
	rss_stock_unwatch();
	psi_memstall_leave(&pflags);
}
