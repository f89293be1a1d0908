// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: telling a container that thrashes from one at work.
 *
 * File pages can always be unmapped. So reclaim makes progress in a container
 * whose last evictable pages are the code that its tasks run: each fault evicts
 * the page that the next instruction needs. Reclaim alone can't see that. The
 * faults can: thrashing maps the same few pages over and over.
 *
 * Observed are faults that had to reclaim first. The *distance* of a fault is
 * the number of such faults, of all tasks at this level, since the same page of
 * the same mm last faulted there. A page that comes back at distance d had
 * fewer than d pages evicted on its behalf in between: the level kept it for
 * less than d evictions, and with d more evictable pages it would have stayed.
 *
 * A reader of a file of F pages, in turn, faults at distance F. At random, at
 * the time a page stays mapped, R evictions if there are R evictable pages, plus
 * a geometrically distributed time until it is read again, F - R on average.
 * With distances up to half of the limit L called *short*:
 *
 *  - in turn, no fault of a file larger than L is short;
 *  - at random, with F >= L, at most 1 - exp(-1/2) = 39 % are, and none if
 *    R > L / 2;
 *  - code of W pages that runs in R < W evictable ones faults at distances
 *    around W. All are short if W <= L / 2, so that what can't be evicted takes
 *    at least half of the limit.
 *
 * RSS_REFAULT_SHARE is half way between. Small limits need a bound of their
 * own: an instruction may need some ten pages.
 *
 * That pages come back soon does not mean that a task gets nowhere: it may do
 * much between two faults, or wait for requests and fault a little for each.
 * So the time that it takes to make room must be at least a quarter of the whole.
 * A fault on cached code takes some 2000 instructions besides making room,
 * which takes 1400 at least; with nothing else to do the share is two fifths.
 *
 * All of this must hold for a window of at least RSS_WINDOW, in one task. So a
 * container that thrashes is known as such after one to two windows, or after
 * RSS_LEAST_SAMPLES sampled faults if that takes longer.
 */

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "rss.h"

/* As above: short is at most this part of the limit, and within these bounds. */
#define RSS_SHORT_SHIFT		1
#define RSS_SHORT_LEAST		16UL
#define RSS_SHORT_MOST		65536UL

/* More of the sampled faults than this have to be refaults: 5/8. */
#define RSS_REFAULT_SHARE	5
#define RSS_REFAULT_WHOLE	8

/* The time to make room, times this, is at least that of all else. */
#define RSS_STALL_SHARE		3

#define RSS_WINDOW		HZ
#define RSS_LEAST_SAMPLES	32

/*
 * Pages are remembered in sets of a few ways, oldest out. Sampling by the hash
 * of the page keeps the number of those that matter to a quarter of the slots,
 * so that few are lost before they come back.
 */
#define RSS_REFAULT_SET_BITS	5
#define RSS_REFAULT_WAYS	4
#define RSS_REFAULT_LIVE	(RSS_REFAULT_WAYS << RSS_REFAULT_SET_BITS >> 2)

/**
 * struct rss_refaults - the faults of a full container
 * @clock: how many there were
 * @slots: pages that faulted, by a hash of mm and address; 0 if empty
 * @slots.key: the hash
 * @slots.when: @clock at that time
 *
 * Allocated when a container is full for the first time. No lock: of two CPUs
 * that write a slot at a time one is lost, and with it one refault.
 */
struct rss_refaults {
	atomic_t clock;
	struct {
		u32 key;
		u32 when;
	} slots[1 << RSS_REFAULT_SET_BITS][RSS_REFAULT_WAYS];
};

/* The longest distance, in faults, that is short. */
static unsigned long rss_short_distance(struct rss_container *full)
{
	return clamp(res_counter_limit(&full->res) >> RSS_SHORT_SHIFT,
		     RSS_SHORT_LEAST, RSS_SHORT_MOST);
}

static struct rss_refaults *rss_get_refaults(struct rss_container *full)
{
	struct rss_refaults *refaults = READ_ONCE(full->full.refaults);
	struct rss_refaults *other;

	if (likely(refaults))
		return refaults;
	refaults = kzalloc(sizeof(*refaults), GFP_KERNEL | __GFP_NOWARN);
	if (!refaults)
		return NULL;
	/* Full barrier: who sees the pointer sees zeroes. */
	other = cmpxchg(&full->full.refaults, NULL, refaults);
	if (!other)
		return refaults;
	kfree(refaults);
	return other;
}

/* Notes a page in its set. Returns the distance, U32_MAX for a new page. */
static u32 rss_note_page(struct rss_refaults *refaults, u64 hash, u32 now)
{
	typeof(&refaults->slots[0][0]) set, oldest;
	u32 key = (u32)hash | 1;
	u32 distance;
	int way;

	set = refaults->slots[hash >> 32 & (BIT(RSS_REFAULT_SET_BITS) - 1)];
	oldest = set;
	for (way = 0; way < RSS_REFAULT_WAYS; way++) {
		if (READ_ONCE(set[way].key) == key) {
			distance = now - READ_ONCE(set[way].when);
			WRITE_ONCE(set[way].when, now);
			return distance;
		}
		if (now - READ_ONCE(set[way].when) >
		    now - READ_ONCE(oldest->when))
			oldest = &set[way];
	}
	WRITE_ONCE(oldest->key, key);
	WRITE_ONCE(oldest->when, now);
	return U32_MAX;
}

static void rss_note_refault(struct rss_task *task, struct rss_container *full,
			     struct mm_struct *mm, unsigned long address)
{
	unsigned long distance = rss_short_distance(full);
	unsigned int shift = order_base_2(distance / RSS_REFAULT_LIVE + 1);
	struct rss_refaults *refaults = rss_get_refaults(full);
	u64 hash = hash_64((unsigned long)mm ^ address >> PAGE_SHIFT, 64);
	u32 now;

	if (!refaults)
		return;
	now = atomic_inc_return(&refaults->clock);
	/* Sample, set and key are different bits of the hash. */
	if (shift && hash >> (64 - shift))
		return;
	task->sampled++;
	if (rss_note_page(refaults, hash, now) <= distance)
		task->refaults++;
}

/* Clocks of two CPUs may differ a little. */
static u64 rss_elapsed(u64 since, u64 now)
{
	return max((s64)(now - since), 0);
}

/* @start: when the task began to make room. */
static void rss_note_time(struct rss_task *task, u64 start, u64 now)
{
	task->stalled += rss_elapsed(start, now);
	/* A task that was preempted neither worked nor waited by choice. */
	if (task->slept != current->nvcsw || task->preempted == current->nivcsw)
		task->worked += rss_elapsed(task->left, start);
}

static void rss_begin_window(struct rss_task *task, struct rss_container *full)
{
	task->level = full;
	task->began = jiffies;
	task->stalled = 0;
	task->worked = 0;
	task->sampled = 0;
	task->refaults = 0;
}

static bool rss_window_done(const struct rss_task *task)
{
	return task->sampled >= RSS_LEAST_SAMPLES &&
	       time_after_eq(jiffies, task->began + RSS_WINDOW);
}

static bool rss_window_thrashed(const struct rss_task *task)
{
	return task->refaults * RSS_REFAULT_WHOLE >
	       task->sampled * RSS_REFAULT_SHARE &&
	       task->stalled * RSS_STALL_SHARE >= task->worked;
}

/**
 * rss_thrashes - note a fault for which room had to be made
 * @full: the level that was full
 * @mm: where the fault was
 * @address: of the fault
 * @start: local_clock() when making room began
 *
 * Context: may sleep.
 * Return: true if a window of observation of current is over, in which it got
 * nowhere: reclaim evicts what is needed next.
 */
bool rss_thrashes(struct rss_container *full, struct mm_struct *mm,
		  unsigned long address, u64 start)
{
	struct rss_task *task = &current->rss;
	u64 now = local_clock();
	bool thrashed = false;

	if (task->level != full)
		rss_begin_window(task, full);
	else
		rss_note_time(task, start, now);
	rss_note_refault(task, full, mm, address);

	if (rss_window_done(task)) {
		thrashed = rss_window_thrashed(task);
		rss_begin_window(task, full);
	}
	task->slept = current->nvcsw;
	task->preempted = current->nivcsw;
	task->left = now;
	return thrashed;
}
