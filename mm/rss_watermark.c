// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: telling user space that usage crossed a watermark.
 *
 * An event is a charge that takes usage from at most the watermark to above
 * it. The fast path of charging does not look for that. It need not, where
 * the watermark is further away than stocks can hide. Closer to it neither the
 * container nor those below have stocks: each charge then takes the slow path,
 * which looks at counters that are usage.
 *
 * Closeness is told by the slow path, which each CPU of each container takes
 * once in RSS_STOCK_MAX pages. A watermark above many containers may be crossed
 * unseen if those change by less than that, all at once.
 */

#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/spinlock.h>

#include "rss.h"

/* Serialises changes of watermark, above and stock_max of any container. */
static DEFINE_SPINLOCK(rss_watermark_lock);

/* Containers that have a watermark; changed under the lock, read without. */
unsigned int rss_nr_watermarks;

/* How far the counter may be above usage, times two. */
static unsigned long rss_watermark_slack(void)
{
	return 2 * RSS_STOCK_MAX * num_online_cpus();
}

/*
 * Is the watermark of this level close? It has to be twice as far away to be
 * no longer so: what follows from it is done to the whole subtree.
 */
static bool rss_watermark_close(struct rss_container *rss)
{
	unsigned long watermark = READ_ONCE(rss->watermark);
	unsigned long slack = rss_watermark_slack();

	if (watermark == RES_COUNTER_MAX)
		return false;
	if (!READ_ONCE(rss->stock_max))
		slack *= 2;
	return abs_diff(res_counter_usage(&rss->res), watermark) <= slack;
}

static unsigned int rss_stock_max_wanted(struct rss_container *rss)
{
	for (; rss; rss = rss_parent(rss))
		if (rss_watermark_close(rss))
			return 0;
	return RSS_STOCK_MAX;
}

/*
 * Is usage above @watermark? The pages are summed up only where stocks matter.
 * That sum goes down as long as pages are unmapped and none is mapped, so it
 * can't cross the watermark upwards; but for what passes to a parent, after
 * which rss_offline_fn() has it looked at once more. The counter less the stocks
 * might, since what a stock gives back is in neither, or in both, for an instant.
 */
static bool rss_usage_above(struct rss_container *rss, unsigned long watermark)
{
	unsigned long usage = res_counter_usage(&rss->res);
	unsigned long nr[NR_RSS_TYPES];

	if (usage <= watermark)
		return false;
	if (READ_ONCE(rss->above) && usage - watermark > rss_watermark_slack())
		return true;
	rss_count(rss, nr);
	return nr[RSS_ANON] + nr[RSS_FILE] + nr[RSS_SHMEM] > watermark;
}

/* Does @above have to change? */
static bool rss_above_is_stale(struct rss_container *rss)
{
	unsigned long watermark = READ_ONCE(rss->watermark);

	return watermark != RES_COUNTER_MAX &&
	       rss_usage_above(rss, watermark) != READ_ONCE(rss->above);
}

/*
 * Charges and uncharges that cross in opposite directions must not leave the
 * state of the earlier one, or the next crossing is no event. Each changes
 * the page count, then the counter, which is a full barrier, and reads @above.
 * Who changes that looks at both again: either he sees the change, or the one
 * who made it sees his.
 */
static void rss_watermark_update(struct rss_container *rss)
{
	spin_lock(&rss_watermark_lock);
	while (rss_above_is_stale(rss)) {
		WRITE_ONCE(rss->above, !rss->above);
		if (rss->above)
			rss_event(rss, RSS_EVENT_WATERMARK);
		/* Pairs with the atomics in res_counter_charge() and others. */
		smp_mb();
	}
	spin_unlock(&rss_watermark_lock);
}

/* The top first: it says how close is close for those below. */
static void rss_stock_max_update(struct rss_container *root)
{
	struct rss_container *pos;

	spin_lock(&rss_watermark_lock);
	rss_for_each_in_subtree(pos, root)
		WRITE_ONCE(pos->stock_max, rss_stock_max_wanted(pos));
	spin_unlock(&rss_watermark_lock);
}

/*
 * Turns stocks off and on by how close a watermark is: those of all containers
 * below it, since what one has in stock hides what another one does.
 */
void __rss_watermark_note(struct rss_container *rss)
{
	struct rss_container *pos, *close = NULL, *top = NULL;
	unsigned int wanted;

	for (pos = rss; pos; pos = rss_parent(pos)) {
		if (rss_above_is_stale(pos))
			rss_watermark_update(pos);
		if (rss_watermark_close(pos))
			close = pos;
	}

	wanted = close ? 0 : RSS_STOCK_MAX;
	for (pos = rss; pos; pos = rss_parent(pos)) {
		if (READ_ONCE(pos->stock_max) != wanted)
			top = pos;
		if (pos == close)
			wanted = RSS_STOCK_MAX;
	}
	if (unlikely(top))
		rss_stock_max_update(top);
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
		if (rss_watermark_close(pos))
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
	rss_stock_drain(rss);

	spin_lock(&rss_watermark_lock);
	WRITE_ONCE(rss_nr_watermarks, rss_nr_watermarks +
		   (nr != RES_COUNTER_MAX) -
		   (rss->watermark != RES_COUNTER_MAX));
	WRITE_ONCE(rss->above, false);
	WRITE_ONCE(rss->watermark, nr);
	WRITE_ONCE(rss->above, rss_usage_above(rss, nr));
	spin_unlock(&rss_watermark_lock);

	__rss_watermark_note(rss);
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
