// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: telling user space that usage crossed a watermark.
 *
 * An event is a charge that takes usage from at most the watermark to above
 * it. The fast path of charging does not look for that. It need not, where
 * the watermark is further away than stocks can hide. Closer to it neither the
 * container nor those below have stocks: each charge then takes the slow path,
 * and the counter is usage.
 *
 * Closeness is told by the slow path, which looks at each level on the way up
 * and at nothing else. What comes close stops the stocks of the CPUs below it,
 * once: it has to get twice as far away before they are allowed again. All
 * stocks together are less than that, however many containers there are.
 */

#include <linux/cpumask.h>
#include <linux/math.h>
#include <linux/minmax.h>

#include "rss.h"

/*
 * How usage stands to the watermark of a container. Each change counts up as
 * well, so that who compares and exchanges knows that what he saw of the
 * counter was seen in this state: no crossing is told twice or made up.
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

/* Stocks let the counter be above usage by half as much at most. */
static bool rss_watermark_close(unsigned long usage, unsigned long watermark,
				bool was_close)
{
	unsigned long slack = 2 * RSS_STOCK_MAX * num_online_cpus();

	return abs_diff(usage, watermark) <= (was_close ? 2 * slack : slack);
}

/*
 * Charges and uncharges that cross in opposite directions must not leave the
 * state of the earlier one, or the next crossing is no event. Each changes the
 * counter, which is a full barrier, and reads @mark. Who changes @mark looks at
 * the counter again: either he sees the change, or the one who made it sees his.
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
 * rss_watermark_note - see whether a charge or uncharge crossed a watermark
 * @rss: the container; the levels above are looked at, too
 *
 * What gives a stock back without having a look crosses nothing: where there
 * are stocks, all watermarks are further away than that.
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
 * Serializes those who set a watermark, for want of space in each container. Held for
 * as long as other CPUs take to be interrupted.
 */
static DEFINE_MUTEX(watermark_mutex);

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
	int mark, bits = 0;

	if (nr != RES_COUNTER_MAX)
		rss_stock_watch();
	mutex_lock(&watermark_mutex);
	if (rss->watermark != RES_COUNTER_MAX)
		rss_stock_unwatch();
	/*
	 * None is crossed meanwhile: who has seen the old one finds @mark
	 * changed, who sees that change sees that there is none.
	 */
	WRITE_ONCE(rss->watermark, RES_COUNTER_MAX);
	mark = atomic_add_return(RSS_MARK_COUNT, &rss->mark);
	if (nr != RES_COUNTER_MAX)
		rss_stock_stop(rss);
	if (res_counter_usage(&rss->res) > nr)
		bits = RSS_MARK_ABOVE;
	atomic_set(&rss->mark, rss_mark_next(mark, bits));
	/* Who sees this can't change what @mark was before. */
	smp_store_release(&rss->watermark, nr);
	mutex_unlock(&watermark_mutex);

	/* Who changed the counter since sees it, or is seen here. */
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
 * rss_watermark_free - let go of the watermark of a container
 * @rss: the container, which nobody uses any more
 */
void rss_watermark_free(struct rss_container *rss)
{
	if (rss->watermark != RES_COUNTER_MAX)
		rss_stock_unwatch();
}
