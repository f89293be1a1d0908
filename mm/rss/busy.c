// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: waiting a little for what others hold of a container.
 *
 * A folio in the batch of another CPU is on no LRU and can't be isolated. Only
 * that CPU can put it there, in a worker, which does not run as long as a task of
 * real-time priority keeps the CPU. So a work item waits for all CPUs, and who
 * wants their folios waits for a time.
 */

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "rss.h"

/*
 * Faults hold the lock of a folio for some microseconds, batches are put on the
 * LRU as soon as a CPU has scheduled. With RSS_RECLAIM_RETRIES of these a fault
 * is held up for a tenth of a second, and may have to look at all lists as often.
 */
#define RSS_BUSY_PAUSE		(HZ / 50)

static void rss_drain_fn(struct work_struct *work)
{
	lru_add_drain_all();
}

static DECLARE_WORK(rss_drain_work, rss_drain_fn);

/**
 * rss_await_busy - wait a little before looking again for what others hold
 *
 * Context: may sleep.
 */
void rss_await_busy(void)
{
	rss_queue_work(&rss_drain_work);
	schedule_timeout_killable(max(RSS_BUSY_PAUSE, 1));
}
