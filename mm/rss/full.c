// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: what is known of a container that is full.
 *
 * A level at its limit is reclaimed from by each fault that needs a page. When
 * that is in vain, it need not be found out again by each: a scan takes time
 * in proportion to what the container has. So the level keeps a state::
 *
 *                       rss_full_leave(): room, or another limit
 *        +----------------------------------------------------------+
 *        v                                                          |
 *    +--------+  fruitless reclaim   +-------+  nothing to kill  +-------+
 *    |  ROOM  | -------------------> |  DRY  | ----------------> | STUCK |
 *    +--------+ <------------------- +-------+ <---------------- +-------+
 *                 progress, or room             another look, due
 *
 * ROOM
 *   Nothing is known; reclaim is tried.
 *
 * DRY
 *   Nothing could be reclaimed. A fault goes on, since it may map nothing that
 *   is charged. If it does it exceeds the limit. Reclaim is tried once more then:
 *   pages may have been munlocked, swap be free again, or others have had all
 *   that there was. If that finds nothing a task is killed. If it finds no more
 *   than RSS_FEW_PAGES, they may well be what that fault mapped, and evicting
 *   them would have it fault for ever. So the state stays, and when that comes
 *   RSS_DRY_LOOKS times, each within RSS_DRY_LEASE, a task is killed as well.
 *
 * STUCK
 *   Nothing could be killed, either. The log has been told, tasks wait for room
 *   in rss_full_wait(). One task looks again each RSS_STUCK_LEASE.
 *
 * Only real room leaves this for good: a charge that found some without
 * reclaim, or another limit. The next time that nothing can be killed is news
 * again, then.
 *
 * States are changed without a lock. A change that is lost costs one more scan,
 * or one that comes too late by a lease.
 */

#include <linux/cgroup.h>
#include <linux/jiffies.h>
#include <linux/psi.h>
#include <linux/sched.h>
#include <linux/wait.h>

#include "rss.h"

/*
 * How long it is remembered that nothing could be reclaimed. A fault takes some
 * microseconds from preparing to its end, or as long as others get the CPU in
 * between.
 */
#define RSS_DRY_LEASE		(HZ / 10)
#define RSS_DRY_LOOKS		4

/* What an instruction may need at once. */
#define RSS_FEW_PAGES		8

/*
 * How often a waiting container is looked at for pages that became reclaimable
 * without being unmapped, and for tasks that may be killed by now: as often as
 * is of no consequence for the CPU, and soon enough for someone who watches.
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
 * The next time that nothing can be killed is news again.
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
	if (READ_ONCE(full->told))
		WRITE_ONCE(full->told, false);
	if (wq_has_sleeper(&full->wait))
		wake_up_all(&full->wait);
}

/**
 * rss_full_room - wake who waits for room, if there is any
 * @rss: the container whose counter went down, and those above
 *
 * Pairs with rss_full_wait(), by the full barriers in res_counter_uncharge() and
 * in prepare_to_wait().
 *
 * Context: any but NMI.
 */
void rss_full_room(struct rss_container *rss)
{
	struct res_counter *cnt;

	for (cnt = &rss->res; cnt; cnt = cnt->parent) {
		rss = res_to_rss(cnt);
		/* The uncharge before is the barrier. */
		if (unlikely(waitqueue_active(&rss->full.wait)) &&
		    !res_counter_excess(cnt))
			wake_up_all(&rss->full.wait);
	}
}

/**
 * rss_full_awaited - do tasks wait for room in a container or above it?
 * @rss: the container
 *
 * Return: true if each page that is uncharged has to show in the counter.
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
 * rss_full_doubted - is a last look due, for all that can be had?
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
 * rss_full_dry - is it known that nothing can be reclaimed?
 * @rss: the container
 * @sure: it must be known well enough to kill
 *
 * Return: true if reclaim would be in vain; false if it should be tried.
 */
bool rss_full_dry(struct rss_container *rss, bool sure)
{
	struct rss_full *full = &rss->full;
	unsigned long looked = READ_ONCE(full->looked);

	switch (READ_ONCE(full->state)) {
	case RSS_FULL_DRY:
		return !sure || (READ_ONCE(full->looks) >= RSS_DRY_LOOKS &&
				 rss_full_doubted(rss));
	case RSS_FULL_STUCK:
		if (time_before(jiffies, looked + RSS_STUCK_LEASE))
			return true;
		/* One task looks for all. */
		return cmpxchg(&full->looked, looked, jiffies) != looked;
	default:
		return false;
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
 * rss_full_found - note what reclaim from a full container came to
 * @rss: the container
 * @nr: pages that were reclaimed
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
 * Return: true if that is news for the log.
 */
bool rss_full_give_up(struct rss_container *rss)
{
	struct rss_full *full = &rss->full;

	WRITE_ONCE(full->state, RSS_FULL_STUCK);
	/* Two tasks may be here at a time; then it is told twice. */
	if (READ_ONCE(full->told))
		return false;
	WRITE_ONCE(full->told, true);
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
 * @over: it is enough that the limit is not exceeded any more
 *
 * Returns after RSS_STUCK_LEASE all the same, since more may have become
 * reclaimable, and if there is a signal.
 *
 * Context: sleeps, no locks held. The time is a stall for memory.
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
	/* Pairs with rss_stock_recheck(), which looks for who waits. */
	rss_stock_stop(rss);
	if (rss_full_still(rss, over))
		schedule_timeout(RSS_STUCK_LEASE);
	finish_wait(&full->wait, &wait);
	rss_stock_unwatch();
	psi_memstall_leave(&pflags);
}
