// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: counting on each CPU.
 *
 * The hierarchical counter is shared by all CPUs and read by nobody but the
 * limit check, so each CPU of a container takes pages from it in batches, its
 * *stock*, and counts what is really mapped on its own. What users read is the
 * sum of the latter: exact, not rounded to batches.
 */

#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/smp.h>

#include "rss.h"

/**
 * rss_stock_balance - put a stock right that got negative or too large
 * @rss: the container
 * @stock: what this CPU's stock is
 *
 * Context: RCU read side.
 * Return: true if that exceeds a limit.
 */
bool rss_stock_balance(struct rss_container *rss, int stock)
{
	int max = READ_ONCE(rss->stock_max), keep;

	do {
		/* rss_stock_drain()'s interrupt may have been quicker. */
		if (stock >= 0 && stock <= max)
			return false;
		keep = stock > 0 ? max / 2 : 0;
	} while (!this_cpu_try_cmpxchg(rss->cpu->stock, &stock, keep));

	if (stock > keep) {
		res_counter_uncharge(&rss->res, stock - keep);
		rss_watermark_note(rss);
		rss_full_room(rss);
		return false;
	}

	/*
	 * Nothing but the missing pages: were more taken, the next fault would
	 * find a stock although the container is over its limit.
	 */
	res_counter_charge(&rss->res, keep - stock);
	rss_watermark_note(rss);
	if (!res_counter_over_limit(&rss->res))
		return false;
	WRITE_ONCE(rss->over, true);
	return true;
}

/**
 * rss_account_move - let the parent count what a child owned
 * @from: the child
 * @to: its parent
 * @type: what it is
 * @nr: how many pages; the parent's usage includes them already
 *
 * The child's own counter keeps them: a dead container has no usage that
 * anybody looks at, and a hook that charged them may not have got there yet.
 *
 * rss_count() comes to the child first: it finds what moves at one of them or
 * at both, never at neither.
 */
void rss_account_move(struct rss_container *from, struct rss_container *to,
		      enum rss_type type, long nr)
{
	this_cpu_add(to->cpu->nr[type], nr);
	/* Pairs with rss_count(). */
	smp_wmb();
	this_cpu_sub(from->cpu->nr[type], nr);
}

/**
 * rss_stock_fill - see that this CPU's stock is not empty
 * @rss: the container
 * @margin: res_counter_margin(), or what that was just now
 * @fail: on failure, the level whose limit was met
 *
 * Close to a watermark it stays empty, there only has to be room.
 *
 * Context: may sleep.
 * Return: 0, or -ENOMEM if not even one page could be charged.
 */
int rss_stock_fill(struct rss_container *rss, unsigned long margin,
		   struct res_counter **fail)
{
	unsigned long nr;
	bool tight;
	int err;

	if (this_cpu_read(rss->cpu->stock) > 0)
		return 0;
	tight = margin < RSS_TIGHT_MARGIN;
	if (unlikely(READ_ONCE(rss->tight) != tight))
		WRITE_ONCE(rss->tight, tight);
	if (unlikely(!READ_ONCE(rss->stock_max))) {
		rss_watermark_prepare(rss);
		if (margin)
			return 0;
	}

	/* Others may be quicker and take the margin. One page then, if any. */
	nr = clamp(margin, 1UL, RSS_STOCK_BATCH);
	err = res_counter_try_charge(&rss->res, nr, fail);
	if (!err) {
		this_cpu_add(rss->cpu->stock, nr);
		rss_watermark_note(rss);
	}
	return err;
}

static void rss_stock_drain_local(void *arg)
{
	struct rss_container *rss = arg;
	int stock = this_cpu_read(rss->cpu->stock);

	if (stock <= 0)
		return;
	this_cpu_sub(rss->cpu->stock, stock);
	res_counter_uncharge(&rss->res, stock);
	rss_full_room(rss);
}

/**
 * rss_stock_drop - give this CPU's stock back to the counter
 * @rss: the container
 *
 * Context: atomic.
 */
void rss_stock_drop(struct rss_container *rss)
{
	unsigned long flags;

	/* The interrupt of rss_stock_drain() does the same. */
	local_irq_save(flags);
	rss_stock_drain_local(rss);
	local_irq_restore(flags);
}

static bool rss_has_stock(int cpu, void *arg)
{
	struct rss_container *rss = arg;

	return READ_ONCE(per_cpu_ptr(rss->cpu, cpu)->stock) > 0;
}

/**
 * rss_stock_drain - give the stocks of a subtree back to the counters
 * @root: the container at its top
 *
 * What usage a limit really leaves room for is known only afterwards. A stock
 * belongs to its CPU, which is interrupted for this if there is any.
 *
 * Context: may sleep.
 */
void rss_stock_drain(struct rss_container *root)
{
	struct rss_container *pos;

	rss_for_each_in_subtree(pos, root) {
		on_each_cpu_cond(rss_has_stock, rss_stock_drain_local, pos,
				 true);
		/* Who was about to give it back finds nothing to do. */
		rss_watermark_note(pos);
	}
}

/**
 * rss_stock_free - give back the stocks of a container nobody uses any more
 * @rss: the container, after a grace period
 */
void rss_stock_free(struct rss_container *rss)
{
	long stock = 0, nr = 0;
	int cpu, type;

	if (!rss->cpu)
		return;

	for_each_possible_cpu(cpu) {
		struct rss_cpu *counts = per_cpu_ptr(rss->cpu, cpu);

		stock += counts->stock;
		for (type = 0; type < NR_RSS_TYPES; type++)
			nr += counts->nr[type];
	}

	WARN_ONCE(nr, "rss: container freed with %ld pages charged\n", nr);
	if (stock > 0)
		res_counter_uncharge(&rss->res, stock);
}

/**
 * rss_count - the pages that a container and its descendants own
 * @root: the container
 * @nr: where to put their number, by type
 *
 * Each page is counted where it was mapped and unmapped, so the sum is exact
 * when nothing is in flight, and short of that off by what is.
 */
void rss_count(struct rss_container *root, unsigned long nr[NR_RSS_TYPES])
{
	long sum[NR_RSS_TYPES] = { };
	struct cgroup_subsys_state *css;
	int cpu, type;

	rcu_read_lock();
	css_for_each_descendant_post(css, &root->css) {
		struct rss_container *pos = css_to_rss(css);

		if (rss_is_root(pos))
			continue;
		for_each_possible_cpu(cpu)
			for (type = 0; type < NR_RSS_TYPES; type++)
				sum[type] += READ_ONCE(per_cpu_ptr(pos->cpu,
								   cpu)->nr[type]);
		/* Pairs with rss_account_move(): children before their parent. */
		smp_rmb();
	}
	rcu_read_unlock();

	for (type = 0; type < NR_RSS_TYPES; type++)
		nr[type] = max(sum[type], 0L);
}

/* Stocks of a CPU that is gone are out of the reach of rss_stock_drain(). */
static int rss_cpu_dead(unsigned int cpu)
{
	struct rss_container *pos;

	rss_for_each_in_subtree(pos, rss_root) {
		struct rss_cpu *counts;

		if (rss_is_root(pos))
			continue;
		counts = per_cpu_ptr(pos->cpu, cpu);
		if (counts->stock <= 0)
			continue;
		res_counter_uncharge(&pos->res, counts->stock);
		counts->stock = 0;
	}
	return 0;
}

static int __init rss_stock_init(void)
{
	int ret;

	if (!cgroup_subsys_enabled(rss_cgrp_subsys))
		return 0;
	ret = cpuhp_setup_state_nocalls(CPUHP_BP_PREPARE_DYN, "mm/rss:dead",
					NULL, rss_cpu_dead);
	return min(ret, 0);
}
subsys_initcall(rss_stock_init);
