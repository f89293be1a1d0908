// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: telling user space that usage crossed a watermark.
 *
 * An event is a charge that takes usage from at most the watermark to above
 * it. The fast path of charging does not look for that. It need not, where
 * the watermark is further away than stocks can hide. Closer to it the
 * container has no stocks: each charge then takes the slow path, which looks
 * at counters that are usage.
 *
 * With other containers below the same watermark, which notice only in their
 * own slow path that it got close, an event may come late or early by what
 * they have in stock.
 */

#include <linux/mutex.h>

#include "rss.h"

/* How far the counter may be above usage, times two. */
static unsigned long rss_watermark_slack(void)
{
	return 2 * RSS_STOCK_MAX * num_online_cpus();
}

/* What the CPUs have in stock; racy, but exact when they don't charge. */
static unsigned long rss_stocked(struct rss_container *rss)
{
	long stock = 0;
	int cpu;

	for_each_online_cpu(cpu)
		stock += READ_ONCE(per_cpu_ptr(rss->cpu, cpu)->stock);
	return max(stock, 0L);
}

static bool rss_watermark_set(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		if (READ_ONCE(rss->watermark) != RES_COUNTER_MAX)
			return true;
	return false;
}

/* Looks at one level. Returns true if its watermark is close. */
static bool rss_watermark_look(struct rss_container *rss, unsigned long stocked)
{
	unsigned long watermark = READ_ONCE(rss->watermark);
	unsigned long usage = res_counter_usage(&rss->res);

	if (watermark == RES_COUNTER_MAX)
		return false;
	usage -= min(usage, stocked);

	if (usage <= watermark) {
		if (READ_ONCE(rss->above))
			WRITE_ONCE(rss->above, false);
		return watermark - usage <= rss_watermark_slack();
	}
	if (!READ_ONCE(rss->above) && !xchg(&rss->above, true))
		rss_event(rss, RSS_EVENT_WATERMARK);
	return usage - watermark <= rss_watermark_slack();
}

/**
 * rss_watermark_note - see whether a charge or uncharge crossed a watermark
 * @rss: the container; the levels above are looked at, too
 *
 * Turns stocks of the container off and on by how close a watermark is.
 *
 * Context: atomic.
 */
void rss_watermark_note(struct rss_container *rss)
{
	struct rss_container *pos;
	unsigned long stocked;
	bool close = false;
	unsigned int stock_max;

	if (!rss_watermark_set(rss)) {
		if (unlikely(!READ_ONCE(rss->stock_max)))
			WRITE_ONCE(rss->stock_max, RSS_STOCK_MAX);
		return;
	}

	stocked = rss_stocked(rss);
	for (pos = rss; pos; pos = rss_parent(pos))
		close |= rss_watermark_look(pos, stocked);

	stock_max = close ? 0 : RSS_STOCK_MAX;
	if (READ_ONCE(rss->stock_max) != stock_max)
		WRITE_ONCE(rss->stock_max, stock_max);
}

/**
 * rss_watermark_prepare - make counters exact where a watermark is close
 * @rss: the container that is about to charge, without stocks
 *
 * Context: may sleep.
 */
void rss_watermark_prepare(struct rss_container *rss)
{
	struct rss_container *pos;

	for (pos = rss; pos; pos = rss_parent(pos))
		if (READ_ONCE(pos->watermark) != RES_COUNTER_MAX)
			rss_stock_drain(pos);
	rss_watermark_note(rss);
}

/**
 * rss_set_watermark - set the watermark of a container
 * @rss: the container
 * @nr: the watermark in pages, %RES_COUNTER_MAX for none
 *
 * To set it below the present usage is no event.
 *
 * Context: may sleep.
 */
void rss_set_watermark(struct rss_container *rss, unsigned long nr)
{
	static DEFINE_MUTEX(watermark_mutex);
	struct rss_container *pos;

	mutex_lock(&watermark_mutex);
	/* No event while it is being changed. */
	WRITE_ONCE(rss->watermark, RES_COUNTER_MAX);
	rss_stock_drain(rss);
	WRITE_ONCE(rss->above, res_counter_usage(&rss->res) > nr);
	/* Pairs with the slow path, which reads the watermark first. */
	smp_store_release(&rss->watermark, nr);
	rss_for_each_in_subtree(pos, rss)
		rss_watermark_note(pos);
	mutex_unlock(&watermark_mutex);
}

/**
 * rss_watermark_init - set up a new container
 * @rss: the container
 */
void rss_watermark_init(struct rss_container *rss)
{
	rss->watermark = RES_COUNTER_MAX;
	rss->stock_max = RSS_STOCK_MAX;
}
