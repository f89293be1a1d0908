// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: getting folios out of the batches of CPUs.
 *
 * A folio in the batch of another CPU is on no LRU and can't be isolated. Only
 * that CPU can put it there, in a worker, which does not run as long as a task of
 * real-time priority keeps the CPU. So nobody waits for it in a fault, and nobody
 * for long: one work item waits for all CPUs on behalf of all who need that.
 */

#include <linux/jiffies.h>
#include <linux/swap.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "rss.h"

#define RSS_DRAIN_PATIENCE	(HZ / 10)

/*
 * Number of the drain that was begun last, and of the last one that ended. Written
 * by the work item only, which does not run twice at a time.
 */
static unsigned int rss_drain_begun, rss_drain_ended;
static DECLARE_WAIT_QUEUE_HEAD(rss_drain_wait);

static void rss_drain_fn(struct work_struct *work)
{
	unsigned int nr = rss_drain_begun + 1;

	WRITE_ONCE(rss_drain_begun, nr);
	lru_add_drain_all();
	WRITE_ONCE(rss_drain_ended, nr);
	wake_up_all(&rss_drain_wait);
}

static DECLARE_WORK(rss_drain_work, rss_drain_fn);

static bool rss_drain_done(unsigned int nr)
{
	return (int)(READ_ONCE(rss_drain_ended) - nr) >= 0;
}

/**
 * rss_lru_drain - let all CPUs put their batches on the LRU
 * @wait: wait for that, though not for long
 *
 * Context: any, if not @wait. Else may sleep; no lock may be held that others need
 * soon.
 */
void rss_lru_drain(bool wait)
{
	/*
	 * If this is late to see that one has begun it waits for the next. Pairs
	 * with the work item, which is not pending any more once it runs.
	 */
	unsigned int nr = READ_ONCE(rss_drain_begun) + 1;

	queue_work(system_unbound_wq, &rss_drain_work);
	if (!wait)
		return;
	wait_event_killable_timeout(rss_drain_wait, rss_drain_done(nr),
				    RSS_DRAIN_PATIENCE);
}
