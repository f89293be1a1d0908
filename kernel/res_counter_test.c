// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for the resource counters. Part of res_counter.c, to access the
 * steps of a charge and the inside of an uncharge.
 */

#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/string_helpers.h>

/* A group, its parent, and the top. */
enum { LEAF, MID, TOP, NR_LEVELS };

#define NO_LEVEL	NR_LEVELS
#define NO_LIMIT	RES_COUNTER_MAX

struct rc_tree {
	struct res_counter level[NR_LEVELS];
	struct res_counter sibling;	/* of the leaf */
};

static int rc_test_init(struct kunit *test)
{
	struct rc_tree *tree = kunit_kzalloc(test, sizeof(*tree), GFP_KERNEL);
	int i;

	if (!tree)
		return -ENOMEM;

	for (i = LEAF; i < NR_LEVELS; i++)
		res_counter_init(&tree->level[i],
				 i == TOP ? NULL : &tree->level[i + 1]);
	res_counter_init(&tree->sibling, &tree->level[MID]);
	test->priv = tree;
	return 0;
}

static struct res_counter *rc_leaf(struct kunit *test)
{
	struct rc_tree *tree = test->priv;

	return &tree->level[LEAF];
}

/* --- Sequential charges --- */

struct charge_case {
	const char *desc;
	unsigned long limit[NR_LEVELS];
	unsigned long before;		/* charged before */
	unsigned long nr;
	int fail;			/* level that refuses it */
};

static const struct charge_case charge_cases[] = {
	{ "no limits", { NO_LIMIT, NO_LIMIT, NO_LIMIT }, 0, 1000, NO_LEVEL },
	{ "leaf, limit - 1", { 10, 100, 100 }, 4, 5, NO_LEVEL },
	{ "leaf, limit", { 10, 100, 100 }, 4, 6, NO_LEVEL },
	{ "leaf, limit + 1", { 10, 100, 100 }, 4, 7, LEAF },
	{ "mid, limit - 1", { 100, 10, 100 }, 4, 5, NO_LEVEL },
	{ "mid, limit", { 100, 10, 100 }, 4, 6, NO_LEVEL },
	{ "mid, limit + 1", { 100, 10, 100 }, 4, 7, MID },
	{ "top, limit - 1", { 100, 100, 10 }, 4, 5, NO_LEVEL },
	{ "top, limit", { 100, 100, 10 }, 4, 6, NO_LEVEL },
	{ "top, limit + 1", { 100, 100, 10 }, 4, 7, TOP },
	{ "empty, limit", { 10, 10, 10 }, 0, 10, NO_LEVEL },
	{ "empty, limit + 1", { 10, 10, 10 }, 0, 11, LEAF },
	{ "full at the leaf and above", { 10, 10, 10 }, 10, 1, LEAF },
	{ "full at mid and top", { NO_LIMIT, 10, 10 }, 10, 1, MID },
	{ "over the limit already", { 10, 100, 100 }, 20, 1, LEAF },
	{ "limit of 0", { 0, 100, 100 }, 0, 1, LEAF },
	{ "limit of 0 at the top", { 100, 100, 0 }, 0, 1, TOP },
	{ "all there can be", { NO_LIMIT, NO_LIMIT, NO_LIMIT },
	  0, LONG_MAX, NO_LEVEL },
	{ "one more than there can be", { NO_LIMIT, NO_LIMIT, NO_LIMIT },
	  1, LONG_MAX, LEAF },
	{ "sign bit", { NO_LIMIT, NO_LIMIT, NO_LIMIT },
	  1, LONG_MAX + 1UL, LEAF },
	{ "wraps to less than the limit", { 100, 100, 100 },
	  10, ULONG_MAX - 4, LEAF },
};

KUNIT_ARRAY_PARAM_DESC(charge, charge_cases, desc);

static void rc_test_try_charge(struct kunit *test)
{
	const struct charge_case *p = test->param_value;
	struct res_counter *leaf = rc_leaf(test), *fail = NULL, *c;
	bool fits = p->fail == NO_LEVEL;
	unsigned long used;
	int i;

	res_counter_charge(leaf, p->before);
	for (i = LEAF, c = leaf; c; c = c->parent, i++)
		res_counter_force_limit(c, p->limit[i]);

	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, p->nr, &fail),
			fits ? 0 : -ENOMEM);

	used = fits ? p->before + p->nr : p->before;
	for (i = LEAF, c = leaf; c; c = c->parent, i++) {
		KUNIT_EXPECT_EQ(test, res_counter_usage(c), used);
		KUNIT_EXPECT_EQ(test, res_counter_max_usage(c), used);
		KUNIT_EXPECT_EQ(test, res_counter_failcnt(c), i == p->fail);
		KUNIT_EXPECT_EQ(test, fail == c, i == p->fail);
	}

	res_counter_uncharge(leaf, used);
	for (c = leaf; c; c = c->parent)
		KUNIT_EXPECT_EQ(test, res_counter_usage(c), 0);
}

static void rc_test_charge(struct kunit *test)
{
	struct rc_tree *tree = test->priv;
	struct res_counter *leaf = rc_leaf(test), *fail = NULL;

	res_counter_force_limit(leaf, 10);
	res_counter_force_limit(leaf->parent, 12);

	res_counter_charge(leaf, 11);
	res_counter_charge(&tree->sibling, 5);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 11);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->sibling), 5);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->level[MID]), 16);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->level[TOP]), 16);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf), 11);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(&tree->level[TOP]), 16);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf), 0);

	/* Units that one child has taken are not available to the other. */
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(&tree->sibling, 1, &fail),
			-ENOMEM);
	KUNIT_EXPECT_PTR_EQ(test, fail, &tree->level[MID]);
	res_counter_uncharge(leaf, 5);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(&tree->sibling, 1, &fail),
			0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->level[MID]), 12);
}

static void rc_test_cancel(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);

	res_counter_charge(leaf, 10);
	res_counter_cancel(leaf, 4);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 6);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf->parent), 10);
	res_counter_cancel(leaf, 6);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf->parent), 10);
}

/* res_counter_cancel() without the warning, which a test must not cause. */
static void rc_test_underflow(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);

	res_counter_charge(leaf, 3);
	KUNIT_EXPECT_EQ(test, cancel_level(leaf, 3), 0);
	KUNIT_EXPECT_EQ(test, cancel_level(leaf, 1), 1);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&leaf->usage), 0);

	res_counter_charge(leaf, 3);
	KUNIT_EXPECT_EQ(test, cancel_level(leaf, 5), 2);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&leaf->usage), 0);

	/* During another underflow, which will add its own 4 back. */
	atomic_long_set(&leaf->usage, -4);
	KUNIT_EXPECT_EQ(test, cancel_level(leaf, 7), 7);
	KUNIT_EXPECT_EQ(test, atomic_long_read(&leaf->usage), -4);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 0);
	KUNIT_EXPECT_TRUE(test, res_counter_check_under_val(leaf, 0));
	res_counter_force_limit(leaf, 1);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), 1);
	KUNIT_EXPECT_NULL(test, res_counter_first_over(leaf));
}

static void rc_test_max_usage(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test), *fail, *c;

	KUNIT_ASSERT_EQ(test, res_counter_try_charge(leaf, 10, &fail), 0);
	res_counter_uncharge(leaf, 7);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf), 10);
	KUNIT_ASSERT_EQ(test, res_counter_try_charge(leaf, 6, &fail), 0);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf), 10);
	KUNIT_ASSERT_EQ(test, res_counter_try_charge(leaf, 2, &fail), 0);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf), 11);

	/* The reset affects only that level, and goes to current usage. */
	res_counter_uncharge(leaf, 5);
	res_counter_reset_max_usage(leaf);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf), 6);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf->parent), 11);
	res_counter_charge(leaf, 1);
	KUNIT_EXPECT_EQ(test, res_counter_max_usage(leaf), 7);

	res_counter_uncharge(leaf, 7);
	for (c = leaf; c; c = c->parent) {
		res_counter_reset_max_usage(c);
		KUNIT_EXPECT_EQ(test, res_counter_max_usage(c), 0);
	}
}

static void rc_test_failcnt(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test), *fail;
	int i;

	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf->parent, 2), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 3, &fail),
				-ENOMEM);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf), 0);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf->parent), 3);
	res_counter_reset_failcnt(leaf->parent);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf->parent), 0);
}

/* --- Limits --- */

static void rc_test_set_limit(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test), *fail;

	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), LONG_MAX);
	res_counter_charge(leaf, 10);

	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 20), 0);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 9), -EBUSY);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 20);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 0), -EBUSY);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 20);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 10), 0);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 10);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 1, &fail), -ENOMEM);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 11), 0);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 11);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 1, &fail), 0);

	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, ULONG_MAX), 0);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), LONG_MAX);

	res_counter_uncharge(leaf, 11);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 0), 0);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 1, &fail), -ENOMEM);
}

static void rc_test_force_limit(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test), *fail;

	res_counter_charge(leaf, 10);
	res_counter_force_limit(leaf, 4);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 4);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 10);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 1, &fail), -ENOMEM);

	/* Raised, but not far enough. */
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 9), -EBUSY);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 4);

	res_counter_uncharge(leaf, 7);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 1, &fail), 0);
	res_counter_force_limit(leaf, ULONG_MAX);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), LONG_MAX);
}

/* The steps of a charge, with the limit changed in between. */
static void rc_test_limit_amid_charge(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);
	long new;

	res_counter_charge(leaf, 5);

	/* Lowered before the charge shows: the charge must withdraw. */
	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf, 7), 0);
	KUNIT_ASSERT_TRUE(test, charge_below(leaf, 3, 10, &new));
	KUNIT_EXPECT_EQ(test, new, 8);
	KUNIT_EXPECT_FALSE(test, confirm_charge(leaf, 3, new));
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 5);

	/* Lowered, but the charge still fits. */
	KUNIT_ASSERT_TRUE(test, charge_below(leaf, 2, 10, &new));
	KUNIT_EXPECT_TRUE(test, confirm_charge(leaf, 2, new));
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 7);

	/* Lowered after the charge shows: the limit must yield. */
	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf, 10), 0);
	KUNIT_ASSERT_TRUE(test, charge_below(leaf, 3, 10, &new));
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 9), -EBUSY);
	KUNIT_EXPECT_TRUE(test, confirm_charge(leaf, 3, new));
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 10);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 10);
}

/*
 * The same between the steps of the functions that take them, by stubs in
 * between.
 */
static bool lower_to_7(struct res_counter *cnt, unsigned long nr, long new)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), confirm_charge);
	res_counter_force_limit(cnt, 7);
	return confirm_charge(cnt, nr, new);
}

static bool lower_to_7_and_back(struct res_counter *cnt, unsigned long nr,
				long new)
{
	bool stands = lower_to_7(cnt, nr, new);

	res_counter_force_limit(cnt, 10);
	return stands;
}

static unsigned long charge_3(struct res_counter *cnt, unsigned long limit)
{
	struct kunit *test = kunit_get_current_test();
	struct res_counter *fail;

	kunit_deactivate_static_stub(test, swap_limit);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(cnt, 3, &fail), 0);
	return swap_limit(cnt, limit);
}

static void rc_test_lowered_amid_charge(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test), *fail = NULL;

	res_counter_charge(leaf, 5);
	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf, 10), 0);

	kunit_activate_static_stub(test, confirm_charge, lower_to_7_and_back);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 3, &fail), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 8);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf), 0);
	res_counter_uncharge(leaf, 3);

	kunit_activate_static_stub(test, confirm_charge, lower_to_7);
	KUNIT_EXPECT_EQ(test, res_counter_try_charge(leaf, 3, &fail), -ENOMEM);
	KUNIT_EXPECT_PTR_EQ(test, fail, leaf);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 5);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf), 1);
}

static void rc_test_charged_amid_set_limit(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);

	res_counter_charge(leaf, 5);
	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf, 10), 0);

	kunit_activate_static_stub(test, swap_limit, charge_3);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 7), -EBUSY);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 10);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 8);

	res_counter_uncharge(leaf, 3);
	kunit_activate_static_stub(test, swap_limit, charge_3);
	KUNIT_EXPECT_EQ(test, res_counter_set_limit(leaf, 8), 0);
	KUNIT_EXPECT_EQ(test, res_counter_limit(leaf), 8);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 8);
}

static void rc_test_check_under_val(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);

	KUNIT_EXPECT_TRUE(test, res_counter_check_under_val(leaf, 0));
	res_counter_charge(leaf, 10);
	KUNIT_EXPECT_FALSE(test, res_counter_check_under_val(leaf, 0));
	KUNIT_EXPECT_FALSE(test, res_counter_check_under_val(leaf, 9));
	KUNIT_EXPECT_TRUE(test, res_counter_check_under_val(leaf, 10));
	KUNIT_EXPECT_TRUE(test, res_counter_check_under_val(leaf, 11));
	KUNIT_EXPECT_TRUE(test, res_counter_check_under_val(leaf, ULONG_MAX));
}

static void rc_test_margin(struct kunit *test)
{
	struct rc_tree *tree = test->priv;
	struct res_counter *leaf = rc_leaf(test);

	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), LONG_MAX);
	res_counter_charge(leaf, 4);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), LONG_MAX - 4);
	res_counter_force_limit(leaf, 10);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), 6);
	res_counter_force_limit(&tree->level[TOP], 7);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), 3);
	res_counter_force_limit(&tree->level[MID], 8);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), 3);

	/* Full is not over. */
	res_counter_charge(&tree->sibling, 3);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), 0);
	KUNIT_EXPECT_NULL(test, res_counter_first_over(leaf));
}

static void rc_test_over(struct kunit *test)
{
	struct rc_tree *tree = test->priv;
	struct res_counter *leaf = rc_leaf(test);

	KUNIT_EXPECT_NULL(test, res_counter_first_over(leaf));
	res_counter_charge(leaf, 10);
	res_counter_force_limit(&tree->level[TOP], 9);
	KUNIT_EXPECT_PTR_EQ(test, res_counter_first_over(leaf),
			    &tree->level[TOP]);
	KUNIT_EXPECT_EQ(test, res_counter_margin(leaf), 0);

	res_counter_force_limit(leaf, 8);
	KUNIT_EXPECT_PTR_EQ(test, res_counter_first_over(leaf), leaf);
	/* Neither descendants nor siblings matter. */
	KUNIT_EXPECT_PTR_EQ(test, res_counter_first_over(&tree->sibling),
			    &tree->level[TOP]);
	KUNIT_EXPECT_PTR_EQ(test, res_counter_first_over(&tree->level[MID]),
			    &tree->level[TOP]);

	res_counter_uncharge(leaf, 1);
	KUNIT_EXPECT_PTR_EQ(test, res_counter_first_over(leaf), leaf);
	res_counter_uncharge(leaf, 1);
	KUNIT_EXPECT_NULL(test, res_counter_first_over(leaf));
}

/* --- Control files --- */

#define UNITS	RES_PARSE_BARE_UNITS
#define OR_MAX	RES_PARSE_MAX
#define UNTOUCHED	0xdeadUL

struct parse_case {
	const char *buf;
	unsigned int shift;
	unsigned int flags;
	int ret;
	unsigned long nr;
};

static const struct parse_case parse_cases[] = {
	/* Bare numbers: units, bytes. */
	{ "0", 12, UNITS, 0, 0 },
	{ "6000", 12, UNITS, 0, 6000 },
	{ "007", 12, UNITS, 0, 7 },
	{ "010", 12, UNITS, 0, 10 },
	{ "00000000000000000000000000000001", 12, UNITS, 0, 1 },
	{ "0", 12, 0, 0, 0 },
	{ "4095", 12, 0, 0, 0 },
	{ "4096", 12, 0, 0, 1 },
	{ "8191", 12, 0, 0, 1 },
	{ "65536", 16, 0, 0, 1 },
	{ "5", 0, 0, 0, 5 },

	/* Suffixes are bytes either way, rounded down. */
	{ "4k", 12, UNITS, 0, 1 },
	{ "4K", 12, 0, 0, 1 },
	{ "3K", 12, UNITS, 0, 0 },
	{ "7K", 12, UNITS, 0, 1 },
	{ "8K", 12, UNITS, 0, 2 },
	{ "63K", 16, UNITS, 0, 0 },
	{ "64K", 16, UNITS, 0, 1 },
	{ "1m", 12, UNITS, 0, 256 },
	{ "1M", 12, 0, 0, 256 },
	{ "400M", 12, 0, 0, 102400 },
	{ "1g", 12, UNITS, 0, 262144 },
	{ "1G", 12, 0, 0, 262144 },
	{ "1t", 12, UNITS, 0, 268435456 },
	{ "1T", 12, 0, 0, 268435456 },
	{ "0T", 12, UNITS, 0, 0 },
	{ "2K", 0, UNITS, 0, 2048 },

	/* Surrounding blanks. */
	{ "42\n", 12, UNITS, 0, 42 },
	{ " 42", 12, UNITS, 0, 42 },
	{ "42 ", 12, UNITS, 0, 42 },
	{ "\n\t 42\n \t", 12, UNITS, 0, 42 },
	{ " 8K\n", 12, UNITS, 0, 2 },

	/* No limit. */
	{ "max", 12, UNITS | OR_MAX, 0, LONG_MAX },
	{ "max", 12, OR_MAX, 0, LONG_MAX },
	{ " max\n", 12, OR_MAX, 0, LONG_MAX },
	{ "-1", 12, UNITS | OR_MAX, 0, LONG_MAX },
	{ "\t-1\n ", 12, OR_MAX, 0, LONG_MAX },
	{ "42", 12, UNITS | OR_MAX, 0, 42 },
	{ "max", 12, UNITS, -EINVAL },
	{ "-1", 12, UNITS, -EINVAL },
	{ "-1", 12, 0, -EINVAL },
	{ "max 1", 12, OR_MAX, -EINVAL },
	{ "max max", 12, OR_MAX, -EINVAL },
	{ "maximum", 12, OR_MAX, -EINVAL },
	{ "ma", 12, OR_MAX, -EINVAL },
	{ "MAX", 12, OR_MAX, -EINVAL },
	{ "-1K", 12, OR_MAX, -EINVAL },
	{ "-10", 12, OR_MAX, -EINVAL },
	{ "-01", 12, OR_MAX, -EINVAL },
	{ "- 1", 12, OR_MAX, -EINVAL },

	/* Not a number. */
	{ "", 12, UNITS | OR_MAX, -EINVAL },
	{ "\n", 12, UNITS | OR_MAX, -EINVAL },
	{ " \t\n ", 12, UNITS | OR_MAX, -EINVAL },
	{ "abc", 12, UNITS | OR_MAX, -EINVAL },
	{ "K", 12, UNITS | OR_MAX, -EINVAL },
	{ "0x10", 12, UNITS | OR_MAX, -EINVAL },
	{ "0X10", 12, UNITS | OR_MAX, -EINVAL },
	{ "x10", 12, UNITS | OR_MAX, -EINVAL },
	{ "+5", 12, UNITS | OR_MAX, -EINVAL },
	{ "-5", 12, UNITS | OR_MAX, -EINVAL },
	{ "-0", 12, UNITS | OR_MAX, -EINVAL },
	{ "--1", 12, UNITS | OR_MAX, -EINVAL },
	{ "\"5\"", 12, UNITS | OR_MAX, -EINVAL },
	{ ".5", 12, UNITS | OR_MAX, -EINVAL },
	{ "\v5", 12, UNITS | OR_MAX, -EINVAL },
	{ "\xb2", 12, UNITS | OR_MAX, -EINVAL },

	/* A number followed by something else. */
	{ "12x", 12, UNITS | OR_MAX, -EINVAL },
	{ "12 x", 12, UNITS | OR_MAX, -EINVAL },
	{ "12 13", 12, UNITS | OR_MAX, -EINVAL },
	{ "12\n13\n", 12, UNITS | OR_MAX, -EINVAL },
	{ "12 max", 12, UNITS | OR_MAX, -EINVAL },
	{ "10 M", 12, UNITS | OR_MAX, -EINVAL },
	{ "10MB", 12, UNITS | OR_MAX, -EINVAL },
	{ "10MiB", 12, UNITS | OR_MAX, -EINVAL },
	{ "10MM", 12, UNITS | OR_MAX, -EINVAL },
	{ "10M K", 12, UNITS | OR_MAX, -EINVAL },
	{ "1.5G", 12, UNITS | OR_MAX, -EINVAL },
	{ "1,5G", 12, UNITS | OR_MAX, -EINVAL },
	{ "1e3", 12, UNITS | OR_MAX, -EINVAL },
	{ "1P", 12, UNITS | OR_MAX, -EINVAL },
	{ "1E", 12, UNITS | OR_MAX, -EINVAL },
	{ "12\r\n", 12, UNITS | OR_MAX, -EINVAL },

	/* More than 2^64 - 1: digits, suffixes. */
	{ "18446744073709551616", 12, 0, -EINVAL },
	{ "18446744073709551620", 12, UNITS, -EINVAL },
	{ "184467440737095516150", 12, 0, -EINVAL },
	{ "36893488147419103232", 12, 0, -EINVAL },
	{ "99999999999999999999999999999999", 12, UNITS, -EINVAL },
	{ "18014398509481984K", 12, UNITS, -EINVAL },
	{ "17592186044416M", 12, UNITS, -EINVAL },
	{ "17179869184G", 12, UNITS, -EINVAL },
	{ "16777216T", 12, UNITS, -EINVAL },
	{ "18446744073709551615T", 12, UNITS, -EINVAL },

	/* More units than possible, and just not more. */
	{ "18446744073709551615", 12, UNITS, -EINVAL },
#if BITS_PER_LONG == 64
	{ "9223372036854775807", 12, UNITS, 0, 0x7fffffffffffffff },
	{ "9223372036854775808", 12, UNITS, -EINVAL },
	{ "9223372036854775807", 0, 0, 0, 0x7fffffffffffffff },
	{ "9223372036854775808", 0, 0, -EINVAL },
	{ "18446744073709551615", 12, 0, 0, 0xfffffffffffff },
	{ "18014398509481983K", 12, UNITS, 0, 0xfffffffffffff },
	{ "17592186044415M", 12, UNITS, 0, 0xfffffffffff00 },
	{ "17179869183G", 12, UNITS, 0, 0xffffffffc0000 },
	{ "16777215T", 12, UNITS, 0, 0xffffff0000000 },
	{ "8388608T", 0, UNITS, -EINVAL },
#else
	{ "2147483647", 12, UNITS, 0, 0x7fffffff },
	{ "2147483648", 12, UNITS, -EINVAL },
	{ "4294967296", 12, UNITS, -EINVAL },
	{ "4294967297", 12, UNITS, -EINVAL },
	{ "4294967296", 12, 0, 0, 0x100000 },
	{ "8796093022207", 12, 0, 0, 0x7fffffff },
	{ "8796093022208", 12, 0, -EINVAL },
	{ "8191G", 12, UNITS, 0, 0x7ffc0000 },
	{ "8192G", 12, UNITS, -EINVAL },
	{ "7T", 12, UNITS, 0, 0x70000000 },
	{ "8T", 12, UNITS, -EINVAL },
	{ "17592186044416K", 12, UNITS, -EINVAL },
#endif
};

static void parse_case_desc(const struct parse_case *p, char *desc)
{
	char text[48];
	int len;

	/* A newline would break the line of the report. */
	len = string_escape_str(p->buf, text, sizeof(text) - 1,
				ESCAPE_SPACE | ESCAPE_HEX | ESCAPE_NAP, NULL);
	text[min_t(size_t, len, sizeof(text) - 1)] = '\0';
	snprintf(desc, KUNIT_PARAM_DESC_SIZE, "\"%s\" shift %u%s%s", text,
		 p->shift, p->flags & UNITS ? " units" : "",
		 p->flags & OR_MAX ? " max" : "");
}

KUNIT_ARRAY_PARAM(parse, parse_cases, parse_case_desc);

static void rc_test_parse(struct kunit *test)
{
	const struct parse_case *p = test->param_value;
	unsigned long nr = UNTOUCHED;

	KUNIT_EXPECT_EQ(test, p->ret,
			res_counter_parse(p->buf, p->shift, p->flags, &nr));
	KUNIT_EXPECT_EQ(test, nr, p->ret ? UNTOUCHED : p->nr);
}

static void rc_test_parse_reset(struct kunit *test)
{
	static const char * const good[] = {
		"0", "0\n", " 0", "0 ", "\t0\n ",
	};
	static const char * const bad[] = {
		"", "\n", " ", "1", "00", "-0", "+0", "0x0", "0K", "0 0",
		"00\n", "0a", "max", "-1", "a0", "0\r\n",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_EQ_MSG(test, res_counter_parse_reset(good[i]), 0,
				    "\"%s\"", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ_MSG(test, res_counter_parse_reset(bad[i]),
				    -EINVAL, "\"%s\"", bad[i]);
}

static void rc_test_show(struct kunit *test)
{
	char buf[128] = "";
	struct seq_file m = { .buf = buf, .size = sizeof(buf) };

	res_counter_show(&m, 0, 12);
	res_counter_show(&m, 6000, 0);
	res_counter_show(&m, 6000, 12);
	res_counter_show(&m, RES_COUNTER_MAX, 0);
	res_counter_show(&m, RES_COUNTER_MAX, 12);
	res_counter_show(&m, RES_COUNTER_MAX - 1, 0);
	/* 4 GiB and more, also on 32 bits. */
	res_counter_show(&m, 0x100001, 12);
	KUNIT_EXPECT_STREQ(test, buf,
			   "0\n"
			   "6000\n"
			   "24576000\n"
			   "max\n"
			   "max\n"
#if BITS_PER_LONG == 64
			   "9223372036854775806\n"
#else
			   "2147483646\n"
#endif
			   "4294971392\n");
}

/* --- Races --- */

#define NR_RACERS	4
#define RACE_MS		100

struct racer {
	struct res_counter *cnt;
	unsigned long nr;
	unsigned long charged;		/* attempts that succeeded */
	unsigned long refused;
	unsigned long rounds;		/* attempts that ended */
	struct task_struct *task;
};

/* Returns false, with none running, if a thread can't be created. */
static bool start_racers(struct racer *racers, int nr, int (*fn)(void *))
{
	int i;

	for (i = 0; i < nr; i++) {
		racers[i].task = kthread_run(fn, &racers[i], "res_counter/%d",
					     i);
		if (IS_ERR(racers[i].task))
			goto stop;
	}
	return true;

stop:
	while (i--)
		kthread_stop(racers[i].task);
	return false;
}

static void stop_racers(struct racer *racers, int nr)
{
	while (nr--)
		kthread_stop(racers[nr].task);
}

static int charge_and_uncharge(void *data)
{
	struct racer *r = data;
	struct res_counter *fail;

	while (!kthread_should_stop()) {
		if (res_counter_try_charge(r->cnt, r->nr, &fail)) {
			r->refused++;
		} else {
			r->charged++;
			res_counter_uncharge(r->cnt, r->nr);
		}
		cond_resched();
	}
	return 0;
}

/* The limits hold whenever read, at each level. */
static void rc_test_race_charges(struct kunit *test)
{
	struct rc_tree *tree = test->priv;
	struct racer racers[NR_RACERS] = {
		{ .cnt = &tree->level[LEAF], .nr = 1 },
		{ .cnt = &tree->level[LEAF], .nr = 5 },
		{ .cnt = &tree->sibling, .nr = 2 },
		{ .cnt = &tree->sibling, .nr = 3 },
	};
	unsigned long over = 0, charged = 0, refused = 0, failcnt;
	unsigned long end;
	int i;

	res_counter_force_limit(&tree->level[LEAF], 5);
	res_counter_force_limit(&tree->sibling, 4);
	res_counter_force_limit(&tree->level[MID], 7);

	KUNIT_ASSERT_TRUE(test, start_racers(racers, NR_RACERS,
					     charge_and_uncharge));
	end = jiffies + msecs_to_jiffies(RACE_MS);
	while (time_before(jiffies, end)) {
		over += res_counter_usage(&tree->level[LEAF]) > 5;
		over += res_counter_usage(&tree->sibling) > 4;
		over += res_counter_usage(&tree->level[MID]) > 7;
		over += !!res_counter_first_over(&tree->level[LEAF]);
		cond_resched();
	}
	stop_racers(racers, NR_RACERS);

	for (i = 0; i < NR_RACERS; i++) {
		charged += racers[i].charged;
		refused += racers[i].refused;
	}
	failcnt = res_counter_failcnt(&tree->level[LEAF]) +
		  res_counter_failcnt(&tree->sibling) +
		  res_counter_failcnt(&tree->level[MID]);
	kunit_info(test, "%lu charged, %lu refused", charged, refused);

	KUNIT_EXPECT_GT(test, charged, 0);
	KUNIT_EXPECT_EQ(test, over, 0);
	KUNIT_EXPECT_EQ(test, failcnt, refused);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->level[LEAF]), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->sibling), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->level[MID]), 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(&tree->level[TOP]), 0);
	KUNIT_EXPECT_LE(test, res_counter_max_usage(&tree->level[LEAF]), 5);
	KUNIT_EXPECT_LE(test, res_counter_max_usage(&tree->sibling), 4);
	KUNIT_EXPECT_LE(test, res_counter_max_usage(&tree->level[MID]), 7);
}

/* With a limit of 10 and one unit held, 10 never fit, 3 times 1 always. */
static void rc_test_race_big_and_small(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);
	struct racer racers[NR_RACERS] = {
		{ .cnt = leaf, .nr = 10 },
		{ .cnt = leaf, .nr = 1 },
		{ .cnt = leaf, .nr = 1 },
		{ .cnt = leaf, .nr = 1 },
	};
	int i;

	res_counter_charge(leaf, 1);
	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf, 10), 0);

	KUNIT_ASSERT_TRUE(test, start_racers(racers, NR_RACERS,
					     charge_and_uncharge));
	msleep(RACE_MS);
	stop_racers(racers, NR_RACERS);

	KUNIT_EXPECT_EQ(test, racers[0].charged, 0);
	for (i = 1; i < NR_RACERS; i++)
		KUNIT_EXPECT_EQ(test, racers[i].refused, 0);
	KUNIT_EXPECT_EQ(test, res_counter_failcnt(leaf), racers[0].refused);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 1);
	KUNIT_EXPECT_LE(test, res_counter_max_usage(leaf), 4);
}

/* Take up to 8 units, one at a time, return them, start over. */
static int hoard(void *data)
{
	struct racer *r = data;
	struct res_counter *fail;
	unsigned long held = 0;

	while (!kthread_should_stop()) {
		if (held == 8) {
			res_counter_uncharge(r->cnt, held);
			held = 0;
		} else if (!res_counter_try_charge(r->cnt, r->nr, &fail)) {
			held += r->nr;
			r->charged++;
		} else {
			res_counter_uncharge(r->cnt, held);
			held = 0;
			r->refused++;
		}
		/* The charge is done; pairs with wait_for_racers(). */
		smp_store_release(&r->rounds, r->rounds + 1);
		cond_resched();
	}
	res_counter_uncharge(r->cnt, held);
	return 0;
}

/* Wait until each charge that was in progress at the call has ended. */
static bool wait_for_racers(struct racer *racers, int nr)
{
	unsigned long end = jiffies + 5 * HZ;
	int i;

	for (i = 0; i < nr; i++) {
		unsigned long rounds = READ_ONCE(racers[i].rounds);

		/* Pairs with the release in hoard(). */
		while (smp_load_acquire(&racers[i].rounds) == rounds) {
			if (time_after(jiffies, end))
				return false;
			cond_resched();
		}
	}
	return true;
}

/*
 * Once a lower limit is in force, no charge leaves usage above it: neither one
 * that read the old limit nor a later one.
 */
static void rc_test_race_set_limit(struct kunit *test)
{
	struct res_counter *leaf = rc_leaf(test);
	struct racer racers[] = {
		{ .cnt = leaf, .nr = 1 },
		{ .cnt = leaf, .nr = 1 },
	};
	unsigned long set = 0, busy = 0, over = 0, wrong = 0, late = 0;
	unsigned long end;
	int i, ret;

	KUNIT_ASSERT_EQ(test, res_counter_set_limit(leaf, 100), 0);
	KUNIT_ASSERT_TRUE(test, start_racers(racers, ARRAY_SIZE(racers),
					     hoard));
	end = jiffies + msecs_to_jiffies(RACE_MS);
	do {
		ret = res_counter_set_limit(leaf, 8);
		if (ret) {
			wrong += ret != -EBUSY;
			wrong += res_counter_limit(leaf) != 100;
			busy++;
			cond_resched();
			continue;
		}
		late += !wait_for_racers(racers, ARRAY_SIZE(racers));
		for (i = 0; i < 100; i++)
			over += !res_counter_check_under_val(leaf, 8);
		wrong += res_counter_set_limit(leaf, 100) != 0;
		set++;
		/* On a busy machine one success may take longer. */
	} while (time_before(jiffies, end) ||
		 (!set && time_before(jiffies, end + 5 * HZ)));
	stop_racers(racers, ARRAY_SIZE(racers));
	kunit_info(test, "%lu times lowered, %lu times busy", set, busy);

	KUNIT_EXPECT_GT(test, set, 0);
	KUNIT_EXPECT_EQ(test, over, 0);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, late, 0);
	KUNIT_EXPECT_EQ(test, res_counter_usage(leaf), 0);
}

static struct kunit_case rc_test_cases[] = {
	KUNIT_CASE_PARAM(rc_test_try_charge, charge_gen_params),
	KUNIT_CASE(rc_test_charge),
	KUNIT_CASE(rc_test_cancel),
	KUNIT_CASE(rc_test_underflow),
	KUNIT_CASE(rc_test_max_usage),
	KUNIT_CASE(rc_test_failcnt),
	KUNIT_CASE(rc_test_set_limit),
	KUNIT_CASE(rc_test_force_limit),
	KUNIT_CASE(rc_test_limit_amid_charge),
	KUNIT_CASE(rc_test_lowered_amid_charge),
	KUNIT_CASE(rc_test_charged_amid_set_limit),
	KUNIT_CASE(rc_test_check_under_val),
	KUNIT_CASE(rc_test_margin),
	KUNIT_CASE(rc_test_over),
	KUNIT_CASE_PARAM(rc_test_parse, parse_gen_params),
	KUNIT_CASE(rc_test_parse_reset),
	KUNIT_CASE(rc_test_show),
	KUNIT_CASE(rc_test_race_charges),
	KUNIT_CASE(rc_test_race_big_and_small),
	KUNIT_CASE(rc_test_race_set_limit),
	{}
};

static struct kunit_suite rc_test_suite = {
	.name = "res_counter",
	.init = rc_test_init,
	.test_cases = rc_test_cases,
};

kunit_test_suite(rc_test_suite);
