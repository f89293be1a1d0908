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
 * the number of pages that this level has evicted since the same page of the
 * same mm faulted last: with so many more evictable pages it would have stayed.
 *
 * A reader of a file of F pages, in turn, comes back at distance F. At random, at
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
 * So the time that it takes to make room must be at least an eighth of the whole.
 * A fault on cached code takes some 2000 instructions besides making room,
 * which takes 1400 at least, and more time in an emulator; with nothing else to
 * do the share is between a fifth and two fifths.
 *
 * All of this must hold for a window of at least RSS_WINDOW, in one task. So a
 * container that thrashes is known as such after one to two windows, or after
 * RSS_LEAST_SAMPLES samples if that takes longer.
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
#define RSS_STALL_SHARE		7

#define RSS_WINDOW		HZ
#define RSS_LEAST_SAMPLES	32

/*
 * Not each fault is watched for its page to come back, but so many that a
 * quarter of the slots is in use. They are chosen by time: by page, one that
 * faults often would stand for all.
 */
#define RSS_WATCH_SETS		32
#define RSS_WATCH_WAYS		4
#define RSS_WATCH_LIVE		(RSS_WATCH_SETS * RSS_WATCH_WAYS / 4)

/**
 * struct rss_watch - a fault that is watched
 * @key: of the page, from a hash of mm and address; 0 if there is none
 * @when: pages that the level had evicted by then
 * @pid: the task
 */
struct rss_watch {
	u32 key;
	u32 when;
	pid_t pid;
};

/**
 * struct rss_refaults - the faults of a full container
 * @begun: pages that the level had evicted when the last one began to be watched
 * @sets: those that are watched
 *
 * Allocated when a container is full for the first time. No lock: of two CPUs
 * that write a slot at a time one is lost, and with it one sample.
 */
struct rss_refaults {
	u32 begun;
	struct rss_watch sets[RSS_WATCH_SETS][RSS_WATCH_WAYS];
};

/* The longest distance, in pages evicted, that is short. */
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

/* Ends what is watched in a set: the page is back, or it is late for that. */
static void rss_watch_ends(struct rss_task *task, struct rss_watch *set,
			   u32 key, u32 now, u32 distance)
{
	int way;

	for (way = 0; way < RSS_WATCH_WAYS; way++) {
		struct rss_watch *watch = &set[way];
		u32 watched = READ_ONCE(watch->key);
		bool late = now - READ_ONCE(watch->when) > distance;

		if (!watched || (watched != key && !late))
			continue;
		/* Others' that is late says nothing of this task. */
		if (!late || READ_ONCE(watch->pid) == current->pid) {
			task->sampled++;
			task->refaults += !late;
		}
		WRITE_ONCE(watch->key, 0);
	}
}

static void rss_watch_begins(struct rss_watch *set, u32 key, u32 now)
{
	int way;

	for (way = 0; way < RSS_WATCH_WAYS; way++) {
		if (READ_ONCE(set[way].key))
			continue;
		WRITE_ONCE(set[way].when, now);
		WRITE_ONCE(set[way].pid, current->pid);
		WRITE_ONCE(set[way].key, key);
		return;
	}
}

static void rss_note_refault(struct rss_task *task, struct rss_container *full,
			     struct mm_struct *mm, unsigned long address)
{
	unsigned long distance = rss_short_distance(full);
	unsigned int shift = order_base_2(distance / RSS_WATCH_LIVE + 1);
	struct rss_refaults *refaults = rss_get_refaults(full);
	u64 hash = ((unsigned long)mm ^ address >> PAGE_SHIFT) *
		   GOLDEN_RATIO_64;
	u32 now = atomic_long_read(&full->reclaimed);
	u32 key = (u32)hash | 1;
	struct rss_watch *set;

	if (!refaults)
		return;
	set = refaults->sets[(u32)(hash >> 32) % RSS_WATCH_SETS];
	rss_watch_ends(task, set, key, now, distance);
	if (now - READ_ONCE(refaults->begun) < BIT(shift))
		return;
	WRITE_ONCE(refaults->begun, now);
	rss_watch_begins(set, key, now);
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
