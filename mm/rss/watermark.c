// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: telling user space that usage crossed a watermark.
 *
 * An event is a charge that takes usage from at most the watermark to above
 * it. The fast path of charging does not check that. It need not if the
 * watermark is further away than stocks can hide. Closer to it, neither the
 * container nor its descendants have stocks: each charge takes the slow path,
 * and the counter is usage.
 *
 * The slow path checks for closeness, at each level on the way up and nowhere
 * else, and only if any watermark is set (rss_stock_watch()). Once one is
 * close, the stocks of the CPUs below it are stopped, once: they are allowed
 * again when it is twice as far away. All stocks together are less than that,
 * however many containers there are.
 */

#include <linux/cpumask.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "rss.h"

/*
 * How usage stands to the watermark of a container. Each change also counts
 * up, so that compare and exchange only succeeds if the counter was read in
 * this state: no crossing is reported twice, and none that did not happen.
 *
 *  ABOVE  usage was above it
 *  CLOSE  it is close, there are no stocks below
 */
#define RSS_MARK_ABOVE	1
#define RSS_MARK_CLOSE	2
#define RSS_MARK_BITS	(RSS_MARK_ABOVE | RSS_MARK_CLOSE)
#define RSS_MARK_COUNT	4

static int rss_mark_next(int mark, int bits)
{
	return (int)(((unsigned int)mark & ~RSS_MARK_BITS) + RSS_MARK_COUNT) |
	       bits;
}

/* Stocks put the counter above usage by at most half of this. */
static bool rss_watermark_close(unsigned long usage, unsigned long watermark,
				bool was_close)
{
	unsigned long slack = 2 * RSS_STOCK_MAX * num_online_cpus();

	return abs_diff(usage, watermark) <= (was_close ? 2 * slack : slack);
}

/*
 * Racing charges and uncharges that cross in opposite directions must not
 * leave the state of the earlier one, or the next crossing is no event. Each
 * changes the counter, a full barrier, and reads @mark. After changing @mark,
 * a task reads the counter again: one side always sees the other's write.
 *
 * Returns true if it is close.
 */
static bool rss_watermark_look(struct rss_container *rss)
{
	for (;;) {
		/* Before the watermark. Pairs with rss_set_watermark(). */
		int mark = atomic_read_acquire(&rss->mark), bits = 0;
		unsigned long watermark = READ_ONCE(rss->watermark);
		unsigned long usage = res_counter_usage(&rss->res);

		if (watermark == RES_COUNTER_MAX)
			return false;
		if (rss_watermark_close(usage, watermark,
					mark & RSS_MARK_CLOSE)) {
			bits |= RSS_MARK_CLOSE;
			if (!(mark & RSS_MARK_CLOSE)) {
				rss_stock_stop(rss);
				usage = res_counter_usage(&rss->res);
			}
		}
		if (usage > watermark)
			bits |= RSS_MARK_ABOVE;

		if (bits == (mark & RSS_MARK_BITS))
			return bits & RSS_MARK_CLOSE;
		/* Pairs with the atomics in res_counter_charge() and others. */
		if (atomic_try_cmpxchg(&rss->mark, &mark,
				       rss_mark_next(mark, bits)) &&
		    (bits & ~mark & RSS_MARK_ABOVE))
			rss_event(rss, RSS_EVENT_WATERMARK);
	}
}

/**
 * rss_watermark_note - check whether a charge or uncharge crossed a watermark
 * @rss: the container; the levels above are checked, too
 *
 * Returning a stock without this check crosses nothing: where there are
 * stocks, all watermarks are further away than that.
 *
 * Context: task, atomic, interrupts enabled.
 * Return: true if one is close, so that the container must not have a stock.
 */
bool rss_watermark_note(struct rss_container *rss)
{
	struct res_counter *cnt;
	bool close = false;

	lockdep_assert_irqs_enabled();
	for (cnt = &rss->res; cnt; cnt = cnt->parent) {
		rss = res_to_rss(cnt);
		if (unlikely(READ_ONCE(rss->watermark) != RES_COUNTER_MAX))
			close |= rss_watermark_look(rss);
	}
	return close;
}

/*
 * Serializes setting watermarks; one lock for all, to save space in each
 * container. Held while other CPUs are interrupted.
 */
static DEFINE_MUTEX(rss_watermark_mutex);

/**
 * rss_set_watermark - set the watermark of a container
 * @rss: the container
 * @nr: the watermark in pages, %RES_COUNTER_MAX for none
 *
 * Setting it below current usage is no event.
 *
 * Context: may sleep.
 */
void rss_set_watermark(struct rss_container *rss, unsigned long nr)
{
	int mark, bits = 0;

	if (nr != RES_COUNTER_MAX)
		rss_stock_watch();
	mutex_lock(&rss_watermark_mutex);
	if (rss->watermark != RES_COUNTER_MAX)
		rss_stock_unwatch();
	/*
	 * No crossing is reported meanwhile: a task that read the old
	 * watermark finds @mark changed; one that sees that sees no watermark.
	 */
	WRITE_ONCE(rss->watermark, RES_COUNTER_MAX);
	mark = atomic_add_return(RSS_MARK_COUNT, &rss->mark);
	if (nr != RES_COUNTER_MAX)
		rss_stock_stop(rss);
	if (res_counter_usage(&rss->res) > nr)
		bits = RSS_MARK_ABOVE;
	atomic_set(&rss->mark, rss_mark_next(mark, bits));
	/* A task that sees this can't change what @mark was before. */
	smp_store_release(&rss->watermark, nr);
	mutex_unlock(&rss_watermark_mutex);

	/* A racing charge sees the watermark, or is seen here. */
	smp_mb();
	rss_watermark_note(rss);
}

/**
 * rss_watermark_init - set up a new container
 * @rss: the container
 */
void rss_watermark_init(struct rss_container *rss)
{
	rss->watermark = RES_COUNTER_MAX;
	atomic_set(&rss->mark, 0);
}

/**
 * rss_watermark_free - drop the watermark of a container
 * @rss: the container, which is about to be freed
 */
void rss_watermark_free(struct rss_container *rss)
{
	if (rss->watermark != RES_COUNTER_MAX)
		rss_stock_unwatch();
}
