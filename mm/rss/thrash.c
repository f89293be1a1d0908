// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: telling a container that thrashes from one at work.
 *
 * File pages can always be unmapped. So reclaim makes progress in a container
 * whose last evictable pages are the code that its tasks run: each fault
 * evicts the page that the next instruction needs. Reclaim can't tell, but the
 * faults can: thrashing maps the same few pages over and over.
 *
 * Only faults that had to reclaim first are observed. The *distance* of a
 * fault is the number of pages that this level has evicted since the previous
 * fault on the same page of the same mm: with that many more evictable pages,
 * the page would have stayed.
 *
 * If a file of F pages is read sequentially, a page returns at distance F. If
 * it is read at random, the distance is the time that a page stays mapped, R
 * evictions if there are R evictable pages, plus a geometrically distributed
 * time until it is read again, F - R on average. Call distances up to half of
 * the limit L *short*. Then:
 *
 *  - sequentially, no fault of a file larger than L is short;
 *  - at random, with F >= L, at most 1 - exp(-1/2) = 39 % are, and none if R >
 *    L / 2;
 *  - code of W pages that runs in R < W evictable ones faults at distances
 *    around W. All are short if W <= L / 2; pages that can't be evicted then
 *    take at least half of the limit.
 *
 * RSS_REFAULT_SHARE lies between the last two. Small limits need a bound of
 * their own: before main(), a program loops over some hundred pages of its
 * own, its libraries and its data. With less it crawls for minutes, at
 * distances beyond the limit. So up to RSS_SHORT_LEAST pages are short under
 * any limit. As a result, repeatedly reading a file of at most that size under
 * a smaller limit counts as thrashing.
 *
 * Pages may return soon without harm: the task may do much between two faults,
 * or wait for requests and take a few faults for each. So making room must
 * take at least an eighth of the time (RSS_STALL_SHARE). A fault on cached
 * code takes some 2100 instructions, and making room 1150 to 1600 more: in a
 * task that does nothing else, the share is over a third. In an emulator,
 * where the fault itself takes more time, it is still about a fifth.
 *
 * All of this must hold for a window of at least RSS_WINDOW, in one task. So
 * thrashing is detected after one to two windows, or after RSS_LEAST_SAMPLES
 * samples if that takes longer.
 *
 * Pages that return soon are known sooner than those that do not. Their share
 * would look too large if a window saw barely more evictions than a short
 * distance has. So no distance is short that exceeds the evictions in
 * RSS_RATE_PERIOD: if making room is slow, fewer pages are enough to thrash.
 */

#include <linux/hash.h>
#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "rss.h"

/* As above: the part of the limit that is short, and its bounds. */
#define RSS_SHORT_SHIFT		1
#define RSS_SHORT_LEAST		256UL
#define RSS_SHORT_MOST		16384UL

/* At least this many are short, however few are evicted. */
#define RSS_RATE_LEAST		32UL

/* More of the sampled faults than this must be refaults: 5/8. */
#define RSS_REFAULT_SHARE	5
#define RSS_REFAULT_WHOLE	8

/* Making room must take at least 1/7 of the time of all else. */
#define RSS_STALL_SHARE		7

#define RSS_WINDOW		(HZ / 2)
#define RSS_LEAST_SAMPLES	32
#define RSS_RATE_PERIOD		(RSS_WINDOW / 4)

/*
 * Not every fault is watched, but enough to use half of a set if no page
 * returns. They are chosen by time: if chosen by page, one page that faults
 * often would stand for all.
 */
#define RSS_WATCH_SETS		8
#define RSS_WATCH_WAYS		16
#define RSS_WATCH_LIVE		(RSS_WATCH_WAYS / 2)

/* An mm without a fault for this many short distances may be gone. */
#define RSS_WATCH_FORGOTTEN	4

/**
 * struct rss_watch - a fault that is watched
 * @mm: hash of its mm; 0 if unused
 * @page: hash of its address
 * @when: pages that the level had evicted by then
 */
struct rss_watch {
	u32 mm;
	u32 page;
	u32 when;
};

/**
 * struct rss_watch_set - watched faults of one mm or a few
 * @begun: pages that the level had evicted when the last watch began
 * @ways: the watches
 *
 * Only a task of the same mm ends a watch: if others could, late pages would
 * be counted less often than those that return.
 */
struct rss_watch_set {
	u32 begun;
	struct rss_watch ways[RSS_WATCH_WAYS];
};

/**
 * struct rss_refaults - the faults of a full container
 * @since: jiffies when counting evictions for @distance began
 * @evicted: pages that the level had evicted by then
 * @distance: the longest short distance, in pages evicted
 * @sets: by mm
 *
 * Allocated when a container is full for the first time. No lock: if two CPUs
 * race for a slot, one sample is lost.
 */
struct rss_refaults {
	unsigned long since;
	u32 evicted;
	u32 distance;
	struct rss_watch_set sets[RSS_WATCH_SETS];
};

static struct rss_refaults *rss_get_refaults(struct rss_container *full)
{
	struct rss_refaults *refaults = READ_ONCE(full->full.refaults);
	struct rss_refaults *other;

	if (likely(refaults))
		return refaults;
	refaults = kzalloc(sizeof(*refaults), GFP_KERNEL | __GFP_NOWARN);
	if (!refaults)
		return NULL;
	refaults->since = jiffies;
	refaults->evicted = atomic_long_read(&full->reclaimed);
	refaults->distance = RSS_RATE_LEAST;
	/* Full barrier: the contents are visible before the pointer. */
	other = cmpxchg(&full->full.refaults, NULL, refaults);
	if (!other)
		return refaults;
	kfree(refaults);
	return other;
}

/* Two tasks may race here; then one result is slightly off. */
static u32 rss_short_distance(struct rss_refaults *refaults,
			      struct rss_container *full, u32 now)
{
	unsigned long limit = res_counter_limit(&full->res);
	unsigned long most = clamp(limit >> RSS_SHORT_SHIFT, RSS_SHORT_LEAST,
				   RSS_SHORT_MOST);
	unsigned long elapsed = jiffies - READ_ONCE(refaults->since);
	u64 evicted;

	if (elapsed >= RSS_RATE_PERIOD) {
		evicted = (u64)(now - READ_ONCE(refaults->evicted)) *
			  RSS_RATE_PERIOD;
		WRITE_ONCE(refaults->distance,
			   max(div64_ul(evicted, elapsed), RSS_RATE_LEAST));
		WRITE_ONCE(refaults->evicted, now);
		WRITE_ONCE(refaults->since, jiffies);
	}
	return min(READ_ONCE(refaults->distance), most);
}

/* End watches whose page returned, or is too late for that. */
static void rss_watch_ends(struct rss_task *task, struct rss_watch_set *set,
			   const struct rss_watch *fault, u32 distance)
{
	int way;

	for (way = 0; way < RSS_WATCH_WAYS; way++) {
		struct rss_watch *watch = &set->ways[way];
		u32 mm = READ_ONCE(watch->mm);
		u32 passed = fault->when - READ_ONCE(watch->when);
		bool late = passed > distance;

		if (mm == fault->mm &&
		    (late || READ_ONCE(watch->page) == fault->page)) {
			task->sampled++;
			task->refaults += !late;
		} else if (!mm || passed <= RSS_WATCH_FORGOTTEN * distance) {
			continue;
		}
		WRITE_ONCE(watch->mm, 0);
	}
}

static void rss_watch_begins(struct rss_watch_set *set,
			     const struct rss_watch *fault)
{
	int way;

	WRITE_ONCE(set->begun, fault->when);
	for (way = 0; way < RSS_WATCH_WAYS; way++) {
		if (READ_ONCE(set->ways[way].mm))
			continue;
		WRITE_ONCE(set->ways[way].when, fault->when);
		WRITE_ONCE(set->ways[way].page, fault->page);
		WRITE_ONCE(set->ways[way].mm, fault->mm);
		return;
	}
}

static void rss_note_refault(struct rss_task *task, struct rss_container *full,
			     struct mm_struct *mm, unsigned long address)
{
	struct rss_refaults *refaults = rss_get_refaults(full);
	struct rss_watch fault = {
		.mm = hash_ptr(mm, 32) | 1,
		.page = hash_long(address >> PAGE_SHIFT, 32),
		.when = atomic_long_read(&full->reclaimed),
	};
	struct rss_watch_set *set;
	u32 distance;

	if (!refaults)
		return;
	distance = rss_short_distance(refaults, full, fault.when);
	set = &refaults->sets[hash_ptr(mm, order_base_2(RSS_WATCH_SETS))];
	rss_watch_ends(task, set, &fault, distance);
	if (fault.when - READ_ONCE(set->begun) >= distance / RSS_WATCH_LIVE)
		rss_watch_begins(set, &fault);
}

/* The clocks of two CPUs may differ slightly. */
static u64 rss_elapsed(u64 since, u64 now)
{
	return max((s64)(now - since), 0);
}

/* @start: when the task began to make room. */
static void rss_note_time(struct rss_task *task, u64 start, u64 now)
{
	task->stalled += rss_elapsed(start, now);
	/* A preempted task neither worked nor chose to wait. */
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
 * rss_note_fault - note a fault for which room had to be made
 * @full: the level that was full
 * @mm: the mm that faulted
 * @address: the address of the fault
 * @start: local_clock() when making room began
 *
 * Context: may sleep.
 * Return: true at the end of a window in which current made no progress:
 * reclaim evicts what is needed next.
 */
bool rss_note_fault(struct rss_container *full, struct mm_struct *mm,
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
