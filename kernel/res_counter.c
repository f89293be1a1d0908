// SPDX-License-Identifier: GPL-2.0
/*
 * res_counter: hierarchical usage and limits without a lock
 *
 * A controller embeds one counter in each of its groups and decides what a
 * unit is. Charges walk from the group to the top, one atomic word per level.
 * A refused charge reports the level that refused it; how to react, and the
 * text of the control files, are up to the controller. Only the format of
 * numbers in these files is the same for all, and therefore here.
 */

#include <kunit/static_stub.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/overflow.h>
#include <linux/res_counter.h>
#include <linux/seq_file.h>
#include <linux/string.h>

/**
 * res_counter_init - initialize a counter
 * @cnt: the counter
 * @parent: the level above, or NULL
 *
 * The counter starts out empty and without a limit.
 */
void res_counter_init(struct res_counter *cnt, struct res_counter *parent)
{
	atomic_long_set(&cnt->usage, 0);
	cnt->max_usage = 0;
	cnt->recent_max_usage = 0;
	atomic_long_set(&cnt->failcnt, 0);
	cnt->limit = RES_COUNTER_MAX;
	cnt->parent = parent;
}

static void raise_peak(unsigned long *peak, unsigned long usage)
{
	unsigned long max = READ_ONCE(*peak);

	while (usage > max && !try_cmpxchg_relaxed(peak, &max, usage))
		;
}

static void raise_both_peaks(struct res_counter *cnt, unsigned long usage)
{
	raise_peak(&cnt->max_usage, usage);
	raise_peak(&cnt->recent_max_usage, usage);
}

/* The recent peak is never above the other one, so check it first. */
static void raise_max_usage(struct res_counter *cnt, unsigned long usage)
{
	if (usage > READ_ONCE(cnt->recent_max_usage))
		raise_both_peaks(cnt, usage);
}

/*
 * Take @nr out of one level. A caller that takes out too much adds its own
 * excess back instead of setting usage to 0, so that racing charges are not
 * lost.
 *
 * Returns by how much this call took usage below 0.
 */
static unsigned long cancel_level(struct res_counter *cnt, unsigned long nr)
{
	long new = atomic_long_sub_return(nr, &cnt->usage);
	unsigned long excess;

	if (likely(new >= 0))
		return 0;

	excess = min(nr, -(unsigned long)new);
	atomic_long_add(excess, &cnt->usage);
	return excess;
}

/**
 * res_counter_cancel - take units out of one level
 * @cnt: the counter
 * @nr: number of units
 *
 * The ancestors keep their charge. Taking out more than is charged is a bug in
 * the caller; it is reported once, and usage stays at 0.
 *
 * Context: Any.
 */
void res_counter_cancel(struct res_counter *cnt, unsigned long nr)
{
	unsigned long excess = cancel_level(cnt, nr);

	WARN_ONCE(excess, "res_counter underflow: %lu of %lu units were not charged\n",
		  excess, nr);
}

/**
 * res_counter_uncharge - take units out of a counter and all its ancestors
 * @cnt: the counter that was charged
 * @nr: number of units
 *
 * Context: Any.
 */
void res_counter_uncharge(struct res_counter *cnt, unsigned long nr)
{
	for (; cnt; cnt = cnt->parent)
		res_counter_cancel(cnt, nr);
}

/**
 * res_counter_charge - charge a counter and all its ancestors, limit or not
 * @cnt: the counter
 * @nr: number of units
 *
 * For charges that can be neither refused nor postponed. The caller must keep
 * the sum of all charges within a long.
 *
 * Context: Any.
 */
void res_counter_charge(struct res_counter *cnt, unsigned long nr)
{
	for (; cnt; cnt = cnt->parent)
		raise_max_usage(cnt, atomic_long_add_return(nr, &cnt->usage));
}

/*
 * Add @nr if usage of this level stays within @limit. Compare and exchange,
 * not add and check: a charge that does not fit never shows in usage, and
 * can't make a smaller one fail that does.
 *
 * Returns true if there was room; *@new is then usage including @nr.
 */
static bool charge_below(struct res_counter *cnt, unsigned long nr,
			 unsigned long limit, long *new)
{
	long usage = atomic_long_read(&cnt->usage);

	if (nr > limit)
		return false;

	/*
	 * Limits are at most LONG_MAX, so neither side overflows. A successful
	 * exchange is a full barrier, which confirm_charge() and
	 * res_counter_try_charge() rely on.
	 */
	do {
		if (usage > (long)(limit - nr))
			return false;
		*new = usage + nr;
	} while (!atomic_long_try_cmpxchg(&cnt->usage, &usage, *new));

	return true;
}

/*
 * Re-check a charge of @nr against the current limit: it brought usage to @new
 * under a limit read earlier. If it exceeds that, undo it and return false.
 *
 * Pairs with the xchg() in swap_limit(): that side writes the limit and then
 * reads usage, this side wrote usage and then reads the limit, with a full
 * barrier in both. So either the new limit is seen here, or @new is seen
 * there.
 */
static bool confirm_charge(struct res_counter *cnt, unsigned long nr, long new)
{
	KUNIT_STATIC_STUB_REDIRECT(confirm_charge, cnt, nr, new);

	if (likely(new <= (long)READ_ONCE(cnt->limit)))
		return true;

	res_counter_cancel(cnt, nr);
	return false;
}

static bool charge_level(struct res_counter *cnt, unsigned long nr)
{
	long new;

	/*
	 * A limit that was lowered meanwhile may already be restored, see
	 * res_counter_set_limit(), hence the second try. Only another such
	 * write can cause a third.
	 */
	do {
		if (!charge_below(cnt, nr, READ_ONCE(cnt->limit), &new))
			return false;
	} while (unlikely(!confirm_charge(cnt, nr, new)));

	return true;
}

/**
 * res_counter_try_charge - charge a counter and all its ancestors
 * @cnt: the counter
 * @nr: number of units
 * @fail: set to the level nearest to @cnt that has no room, if any
 *
 * A successful charge leaves no level above its limit, and neither does one in
 * progress, with one exception: while a limit is being lowered, a charge that
 * has read the old one may exceed the new one until it re-checks, a few
 * instructions later, and withdraws.
 *
 * A refused charge never shows at the level that refused it. At the levels
 * below it stands until it is rolled back, and may cause a charge there to be
 * refused that would just have fit: what looks full to a racing task is only
 * briefly full.
 *
 * Context: Any.
 * Return: 0; or -ENOMEM with nothing charged at any level, @fail set, and the
 * failcnt of that level incremented.
 */
int res_counter_try_charge(struct res_counter *cnt, unsigned long nr,
			   struct res_counter **fail)
{
	struct res_counter *c;

	for (c = cnt; c; c = c->parent) {
		if (!charge_level(c, nr))
			goto refused;
	}

	/*
	 * Only after all levels agreed: a peak that includes a refused charge
	 * would report a usage that never was.
	 *
	 * The exchange in charge_below() orders the write of usage before
	 * this; it pairs with the xchg() in res_counter_reset_max_usage().
	 */
	for (c = cnt; c; c = c->parent)
		raise_max_usage(c, res_counter_usage(c));
	return 0;

refused:
	*fail = c;
	atomic_long_inc(&c->failcnt);
	for (c = cnt; c != *fail; c = c->parent)
		res_counter_cancel(c, nr);
	return -ENOMEM;
}

/*
 * Put @limit in force. The xchg() is a full barrier between the write of the
 * limit and the caller's read of usage, and pairs with confirm_charge().
 *
 * Returns the previous limit.
 */
static unsigned long swap_limit(struct res_counter *cnt, unsigned long limit)
{
	KUNIT_STATIC_STUB_REDIRECT(swap_limit, cnt, limit);

	return xchg(&cnt->limit,
		    min_t(unsigned long, limit, RES_COUNTER_MAX));
}

/**
 * res_counter_set_limit - set the limit if usage is within it
 * @cnt: the counter
 * @limit: the new limit in units, capped at %RES_COUNTER_MAX
 *
 * Takes no lock against charges. Once it succeeds, no charge that stands puts
 * usage above @limit, then or later, except by res_counter_charge(). During
 * the attempt, charges may be refused by @limit.
 *
 * Context: Any. The caller must serialize calls for the same counter,
 * including those of res_counter_force_limit(): one could otherwise restore
 * the limit that another has replaced.
 * Return: 0, or -EBUSY if usage is above @limit; the old limit is then in
 * force again.
 */
int res_counter_set_limit(struct res_counter *cnt, unsigned long limit)
{
	unsigned long old;

	/* Don't refuse charges for a limit that is bound to be withdrawn. */
	if (!res_counter_check_under_val(cnt, limit))
		return -EBUSY;

	old = swap_limit(cnt, limit);
	if (res_counter_check_under_val(cnt, limit))
		return 0;

	WRITE_ONCE(cnt->limit, old);
	return -EBUSY;
}

/**
 * res_counter_force_limit - set the limit, whatever usage is
 * @cnt: the counter
 * @limit: the new limit in units, capped at %RES_COUNTER_MAX
 *
 * Usage that the caller reads afterwards includes each charge made under the
 * old limit that stands. Reducing it is up to the caller.
 *
 * Context: Any. Serialized like res_counter_set_limit().
 */
void res_counter_force_limit(struct res_counter *cnt, unsigned long limit)
{
	swap_limit(cnt, limit);
}

/**
 * res_counter_check_under_val - is usage at most a given value?
 * @cnt: the counter
 * @val: the value in units
 *
 * One atomic read. A lock would gain nothing: usage may change as soon as it
 * is dropped, so the result is stale either way. Callers loop on it while they
 * reclaim. If the result has to last, change the limit, see
 * res_counter_set_limit().
 *
 * Return: true if usage was at most @val when it was read.
 */
bool res_counter_check_under_val(const struct res_counter *cnt,
				 unsigned long val)
{
	return res_counter_usage(cnt) <= val;
}

/**
 * res_counter_first_over - find a level that exceeds its limit
 * @cnt: the counter to start from
 *
 * Return: the nearest of @cnt and its ancestors whose usage is above its
 * limit, or NULL.
 */
struct res_counter *res_counter_first_over(struct res_counter *cnt)
{
	for (; cnt; cnt = cnt->parent) {
		if (!res_counter_check_under_val(cnt, res_counter_limit(cnt)))
			return cnt;
	}
	return NULL;
}

/**
 * res_counter_reset_max_usage - reset the peak to current usage
 * @cnt: the counter
 */
void res_counter_reset_max_usage(struct res_counter *cnt)
{
	/*
	 * A charge between the read and the write may have raised the peak
	 * that is overwritten here. The xchg() is a full barrier, as is the
	 * write of usage in charge_below() and res_counter_charge(): either
	 * the second read sees the usage of that charge, or the charge sees
	 * the low peak and raises it. It may already have raised the recent
	 * peak, so both are checked here.
	 */
	xchg(&cnt->recent_max_usage, 0);
	xchg(&cnt->max_usage, res_counter_usage(cnt));
	raise_both_peaks(cnt, res_counter_usage(cnt));
}

/**
 * res_counter_reset_recent_max_usage - reset the recent peak to current usage
 * @cnt: the counter
 *
 * Return: current usage, where it starts.
 */
unsigned long res_counter_reset_recent_max_usage(struct res_counter *cnt)
{
	unsigned long usage = res_counter_usage(cnt);

	/* As in res_counter_reset_max_usage(). */
	xchg(&cnt->recent_max_usage, usage);
	raise_max_usage(cnt, res_counter_usage(cnt));
	return usage;
}

/**
 * res_counter_reset_failcnt - reset the number of failures
 * @cnt: the counter
 */
void res_counter_reset_failcnt(struct res_counter *cnt)
{
	atomic_long_set(&cnt->failcnt, 0);
}

/* Allowed around a value; echo adds the newline. */
static const char blanks[] = " \t\n";

/* Whether @buf is @word, followed only by blanks. */
static bool last_word_is(const char *buf, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(buf, word, len))
		return false;
	buf += len;
	return !buf[strspn(buf, blanks)];
}

/* memparse() and kstrto*() accept signs, prefixes and values too large. */
static int parse_decimal(const char **buf, u64 *val)
{
	const char *p = *buf;
	u64 v = 0;

	for (; *p >= '0' && *p <= '9'; p++) {
		if (check_mul_overflow(v, 10ULL, &v) ||
		    check_add_overflow(v, (u64)(*p - '0'), &v))
			return -EINVAL;
	}
	if (p == *buf)
		return -EINVAL;

	*buf = p;
	*val = v;
	return 0;
}

/* How far the suffix @c shifts a number of bytes; 0 if it is none. */
static unsigned int suffix_shift(char c)
{
	switch (c) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	}
	return 0;
}

/**
 * res_counter_parse - parse a number of units as written by users
 * @buf: the text
 * @unit_shift: log2 of the bytes per unit
 * @flags: %RES_PARSE_BARE_UNITS, %RES_PARSE_MAX
 * @nr: where to store the number of units
 *
 * The number is decimal. With a suffix, K, M, G or T in either case, it is
 * bytes times 2^10, 2^20, 2^30 or 2^40; without, it depends on @flags. Bytes
 * are rounded down to whole units. Spaces, tabs and newlines around it are
 * ignored.
 *
 * Return: 0; or -EINVAL, with @nr unchanged, if the text is anything else or
 * is more than %RES_COUNTER_MAX units or 2^64 - 1 bytes.
 */
int res_counter_parse(const char *buf, unsigned int unit_shift,
		      unsigned int flags, unsigned long *nr)
{
	unsigned int shift;
	u64 val;

	buf += strspn(buf, blanks);

	if ((flags & RES_PARSE_MAX) &&
	    (last_word_is(buf, "max") || last_word_is(buf, "-1"))) {
		*nr = RES_COUNTER_MAX;
		return 0;
	}

	if (parse_decimal(&buf, &val))
		return -EINVAL;

	shift = suffix_shift(*buf);
	if (shift) {
		if (val > U64_MAX >> shift)
			return -EINVAL;
		val <<= shift;
		buf++;
	}
	if (shift || !(flags & RES_PARSE_BARE_UNITS))
		val >>= unit_shift;

	if (!last_word_is(buf, "") || val > RES_COUNTER_MAX)
		return -EINVAL;

	*nr = val;
	return 0;
}

/**
 * res_counter_parse_reset - check what is written to a file that only resets
 * @buf: the text
 *
 * Return: 0 if it is "0", surrounding spaces, tabs and newlines ignored;
 * -EINVAL otherwise.
 */
int res_counter_parse_reset(const char *buf)
{
	return last_word_is(buf + strspn(buf, blanks), "0") ? 0 : -EINVAL;
}

/**
 * res_counter_show - print a number of units, or "max", as a line
 * @m: the control file
 * @nr: number of units
 * @unit_shift_out: 0 to print units, log2 of the bytes per unit to print bytes
 *
 * %RES_COUNTER_MAX is "max". Any other number that res_counter_parse() got
 * from bytes fits when printed in bytes.
 */
void res_counter_show(struct seq_file *m, unsigned long nr,
		      unsigned int unit_shift_out)
{
	if (nr == RES_COUNTER_MAX)
		seq_puts(m, "max\n");
	else
		seq_printf(m, "%llu\n", (u64)nr << unit_shift_out);
}

#ifdef CONFIG_RES_COUNTERS_KUNIT_TEST
#include "res_counter_test.c"
#endif
