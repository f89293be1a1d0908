/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _LINUX_RES_COUNTER_H
#define _LINUX_RES_COUNTER_H

#include <linux/atomic.h>
#include <linux/bits.h>
#include <linux/cache.h>
#include <linux/compiler.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>

struct seq_file;

/* The highest limit, which means none: usage can't exceed it. */
#define RES_COUNTER_MAX		LONG_MAX

/**
 * struct res_counter - how much of a resource a group and its children use
 * @usage: Units charged to this level and to the levels below. Written by all
 *	charges and uncharges, hence alone on its cache line. Negative only
 *	while an underflow is being corrected; read it by res_counter_usage().
 * @max_usage: Highest @usage in units since res_counter_init() or
 *	res_counter_reset_max_usage(). Every charge that stands raises it
 *	(compare and exchange: of two racing charges the higher one prevails);
 *	a reset re-reads @usage after its write. So it is at least @usage
 *	whenever no charge is in flight, and a charge that is refused further
 *	up does not raise it. res_counter_try_charge() reads @usage back to
 *	learn the peak: one that an uncharge on another CPU ends within those
 *	few instructions is missed, and a charge that another CPU is about to
 *	roll back is included. This is harmless, as no decision depends on the
 *	value.
 * @recent_max_usage: The same since res_counter_reset_recent_max_usage(); at
 *	most @max_usage. For readers that each want the peak since a different
 *	point in time.
 * @failcnt: How often res_counter_try_charge() met the limit of this level.
 *	Atomic, so no failure is lost; a reset that races with one may or may
 *	not include it: either order is right.
 * @limit: Most units that res_counter_try_charge() lets @usage reach, at most
 *	%RES_COUNTER_MAX. Written by res_counter_set_limit() and
 *	res_counter_force_limit(), which their callers serialize; read without
 *	a lock by all charges. A charge that read the old limit re-checks once
 *	its units are in @usage, see res_counter_try_charge().
 * @parent: The level above, charged along with this one; NULL at the top.
 *	Constant after res_counter_init(). The user ensures that the parent
 *	outlives the child.
 *
 * Only the user knows what a unit is. A counter has no lock: each level is one
 * atomic word, and all walks go from the bottom to the top. At rest, @usage of
 * a level is the sum of what is charged at it and below it. While charges and
 * uncharges are on their way up, higher levels lag behind. A unit that one
 * task returns and another takes at once may briefly count twice there, also
 * in @max_usage.
 */
struct res_counter {
	atomic_long_t usage;

	/* Rarely written: at a new peak, or at the limit. */
	unsigned long max_usage ____cacheline_aligned_in_smp;
	unsigned long recent_max_usage;
	atomic_long_t failcnt;

	/* Read by each charge, hardly ever written. */
	unsigned long limit ____cacheline_aligned_in_smp;
	struct res_counter *parent;
} ____cacheline_internodealigned_in_smp;

void res_counter_init(struct res_counter *cnt, struct res_counter *parent);

int __must_check res_counter_try_charge(struct res_counter *cnt,
					unsigned long nr,
					struct res_counter **fail);
void res_counter_charge(struct res_counter *cnt, unsigned long nr);
void res_counter_uncharge(struct res_counter *cnt, unsigned long nr);
void res_counter_cancel(struct res_counter *cnt, unsigned long nr);

int __must_check res_counter_set_limit(struct res_counter *cnt,
				       unsigned long limit);
void res_counter_force_limit(struct res_counter *cnt, unsigned long limit);

bool res_counter_check_under_val(const struct res_counter *cnt,
				 unsigned long val);
struct res_counter *res_counter_first_over(struct res_counter *cnt);

void res_counter_reset_max_usage(struct res_counter *cnt);
unsigned long res_counter_reset_recent_max_usage(struct res_counter *cnt);
void res_counter_reset_failcnt(struct res_counter *cnt);

/*
 * How res_counter_parse() reads a value written to a control file.
 *
 * RES_PARSE_BARE_UNITS: a number without a suffix counts units, not bytes
 * RES_PARSE_MAX: "max" and "-1" are %RES_COUNTER_MAX, otherwise refused
 */
#define RES_PARSE_BARE_UNITS	BIT(0)
#define RES_PARSE_MAX		BIT(1)

int __must_check res_counter_parse(const char *buf, unsigned int unit_shift,
				   unsigned int flags, unsigned long *nr);
int __must_check res_counter_parse_reset(const char *buf);
void res_counter_show(struct seq_file *m, unsigned long nr,
		      unsigned int unit_shift_out);

/**
 * res_counter_usage - units charged to a counter
 * @cnt: the counter
 *
 * Return: usage at one instant; it may have changed since.
 */
static inline unsigned long res_counter_usage(const struct res_counter *cnt)
{
	return max(atomic_long_read(&cnt->usage), 0L);
}

/**
 * res_counter_limit - limit in force at a counter
 * @cnt: the counter
 *
 * Return: the limit in units, %RES_COUNTER_MAX if there is none. Ancestors may
 * have a lower one.
 */
static inline unsigned long res_counter_limit(const struct res_counter *cnt)
{
	return READ_ONCE(cnt->limit);
}

/**
 * res_counter_failcnt - how often a charge met the limit of this level
 * @cnt: the counter
 *
 * Return: failures since res_counter_init() or res_counter_reset_failcnt().
 */
static inline unsigned long res_counter_failcnt(const struct res_counter *cnt)
{
	return atomic_long_read(&cnt->failcnt);
}

/**
 * res_counter_max_usage - highest usage so far
 * @cnt: the counter
 *
 * Return: the highest usage in units since res_counter_init() or
 * res_counter_reset_max_usage(); see &struct res_counter for its accuracy.
 */
static inline unsigned long res_counter_max_usage(const struct res_counter *cnt)
{
	return READ_ONCE(cnt->max_usage);
}

/**
 * res_counter_recent_max_usage - highest usage since the last reset of either
 * @cnt: the counter
 *
 * Return: the highest usage in units since res_counter_init(),
 * res_counter_reset_max_usage() or res_counter_reset_recent_max_usage().
 */
static inline unsigned long
res_counter_recent_max_usage(const struct res_counter *cnt)
{
	return READ_ONCE(cnt->recent_max_usage);
}

/**
 * res_counter_room - room below the limit of this level
 * @cnt: the counter
 *
 * Return: units; 0 if usage is at or above the limit.
 */
static inline unsigned long res_counter_room(const struct res_counter *cnt)
{
	unsigned long limit = res_counter_limit(cnt);
	unsigned long usage = res_counter_usage(cnt);

	return limit - min(usage, limit);
}

/**
 * res_counter_margin - room for a charge
 * @cnt: the counter that would be charged
 *
 * A hint, such as for the size of a batch: only res_counter_try_charge() takes
 * the room that it finds.
 *
 * Return: the least room below a limit at @cnt and all its ancestors; 0 if any
 * of them is at or over its limit.
 */
static inline unsigned long res_counter_margin(const struct res_counter *cnt)
{
	unsigned long margin = RES_COUNTER_MAX;

	for (; cnt; cnt = cnt->parent)
		margin = min(margin, res_counter_room(cnt));
	return margin;
}

/**
 * res_counter_excess - how far usage is above the limit of this level
 * @cnt: the counter
 *
 * Return: units; 0 if usage is within the limit.
 */
static inline unsigned long res_counter_excess(const struct res_counter *cnt)
{
	unsigned long limit = res_counter_limit(cnt);
	unsigned long usage = res_counter_usage(cnt);

	return usage > limit ? usage - limit : 0;
}

/**
 * res_counter_inc_failcnt - note that a charge met the limit of this level
 * @cnt: the counter
 *
 * res_counter_try_charge() does so itself. This is for charges that went past
 * the limit by res_counter_charge().
 */
static inline void res_counter_inc_failcnt(struct res_counter *cnt)
{
	atomic_long_inc(&cnt->failcnt);
}

#endif /* _LINUX_RES_COUNTER_H */
