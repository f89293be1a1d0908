// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: waiting briefly for folios that others hold.
 *
 * A folio in another CPU's batch is on no LRU and can't be isolated. Only a
 * worker on that CPU can put it there, and it does not run while a real-time
 * task occupies the CPU. So a work item waits for all CPUs, and a task that
 * wants their folios waits for a fixed time.
 */

#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/swap.h>
#include <linux/workqueue.h>

#include "rss.h"

/*
 * Faults hold a folio lock for microseconds; batches are drained as soon as
 * their CPU schedules. RSS_RECLAIM_RETRIES of these hold a fault up for a
 * tenth of a second, and it may have to scan all lists as often.
 */
#define RSS_BUSY_PAUSE		(HZ / 50)

static void rss_drain_fn(struct work_struct *work)
{
	lru_add_drain_all();
}

static DECLARE_WORK(rss_drain_work, rss_drain_fn);

/**
 * rss_await_busy - wait briefly before trying again to reclaim busy folios
 *
 * Context: may sleep.
 */
void rss_await_busy(void)
{
	rss_queue_work(&rss_drain_work);
	schedule_timeout_killable(max(RSS_BUSY_PAUSE, 1));
}
