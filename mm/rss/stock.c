// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: counting on each CPU.
 *
 * The hierarchical counter is shared by all CPUs and read by nobody but the
 * limit check, so each CPU of a container takes pages from it in batches, its
 * *stock*, and counts what is really mapped on its own. What users read is the
 * sum of the latter: exact, not rounded to batches.
 *
 * A CPU has the stock of one container only, its *holder*, that is the last
 * one whose task took pages from the counter there. So a counter exceeds usage
 * by at most RSS_STOCK_MAX a CPU, however many containers there are below it,
 * and to give all of that back takes a look at each CPU and none at the
 * containers. CPUs that are isolated have no holder: nobody interrupts them.
 */

#include <linux/cgroup.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/sched.h>
#include <linux/sched/isolation.h>
#include <linux/smp.h>

#include "rss.h"

/*
 * The container whose stock this CPU has, or NULL. Written by the CPU itself
 * with interrupts off, or once it is dead. It holds no reference: no CPU is
 * taken over for a container that is dead, and those that were before are
 * released before it is freed, see rss_stock_release(). RCU.
 */
static DEFINE_PER_CPU(struct rss_container *, rss_stock_holder);

/* How many watermarks there are, and tasks that wait for room. */
static atomic_t rss_stock_watchers = ATOMIC_INIT(0);

/**
 * rss_stock_watch - have a look at watermarks and at who waits with each charge
 *
 * To be called before there is one more of either, which rss_stock_stop() follows.
 */
void rss_stock_watch(void)
{
	atomic_inc(&rss_stock_watchers);
}

/**
 * rss_stock_unwatch - undo rss_stock_watch()
 */
void rss_stock_unwatch(void)
{
	atomic_dec(&rss_stock_watchers);
}

/*
 * After the counter changed, or this CPU was taken over. Pairs with rss_stock_stop():
 * either this sees rss_stock_watch() before it, or that what was done here.
 */
static bool rss_stock_watched(void)
{
	return unlikely(atomic_read(&rss_stock_watchers));
}

static void rss_stock_uncharge(struct rss_container *rss, unsigned long nr)
{
	res_counter_uncharge(&rss->res, nr);
	if (rss_stock_watched())
		rss_full_room(rss);
}

/*
 * Must the container have no stock? Close to a watermark, and while tasks wait
 * for room: what goes to a stock would not wake them.
 */
static bool rss_stock_unwanted(struct rss_container *rss)
{
	return rss_stock_watched() &&
	       (rss_watermark_note(rss) || rss_full_awaited(rss));
}

/*
 * Gives the stock of this CPU back. The holder gets no other one before it has
 * looked at the watermarks again.
 */
static void rss_stock_give_back(void *unused)
{
	struct rss_container *holder = __this_cpu_read(rss_stock_holder);
	int stock;

	lockdep_assert_irqs_disabled();
	if (!holder)
		return;
	__this_cpu_write(holder->cpu->max, 0);
	stock = __this_cpu_read(holder->cpu->stock);
	if (stock <= 0)
		return;
	__this_cpu_write(holder->cpu->stock, 0);
	rss_stock_uncharge(holder, stock);
}

/**
 * rss_stock_drop - give this CPU's stock back to the counter
 * @rss: the container; nothing happens if it is not the holder
 *
 * Context: any.
 */
void rss_stock_drop(struct rss_container *rss)
{
	unsigned long flags;

	local_irq_save(flags);
	if (__this_cpu_read(rss_stock_holder) == rss)
		rss_stock_give_back(NULL);
	local_irq_restore(flags);
}

/*
 * Makes @rss the holder of this CPU. Returns false if it can't be.
 *
 * Pairs with rss_offline_fn(): who does not see @rss dead here is seen by
 * rss_stock_release() a grace period after it was set.
 */
static bool rss_stock_take_over(struct rss_container *rss)
{
	unsigned long flags;
	bool taken;

	local_irq_save(flags);
	taken = !READ_ONCE(rss->dead) && !cpu_is_isolated(smp_processor_id());
	if (taken) {
		if (__this_cpu_read(rss_stock_holder) != rss) {
			rss_stock_give_back(NULL);
			__this_cpu_write(rss_stock_holder, rss);
		}
		__this_cpu_write(rss->cpu->max, RSS_STOCK_MAX);
	}
	local_irq_restore(flags);
	return taken;
}

/*
 * To be called once @rss may have a stock on this CPU, or has one: a watermark
 * may have come close since it was looked for.
 */
static void rss_stock_recheck(struct rss_container *rss)
{
	/*
	 * Pairs with rss_stock_stop(), whose caller has changed the counter
	 * before that looks at the stocks: one of the two sees the other.
	 */
	smp_mb();
	/* On all CPUs: this may be another one by now. */
	if (unlikely(rss_stock_unwanted(rss)))
		rss_stock_stop(rss);
}

/*
 * After the counter of @rss changed: lets it have a stock on this CPU, or not
 * if that is @unwanted. If it is not the holder it becomes that only if
 * @own is set.
 */
static noinline void rss_stock_settle(struct rss_container *rss, bool unwanted,
				      bool own)
{
	unsigned int max = this_cpu_read(rss->cpu->max);

	if (!unwanted) {
		if (!max && (own || this_cpu_read(rss_stock_holder) == rss) &&
		    rss_stock_take_over(rss))
			rss_stock_recheck(rss);
		return;
	}
	if (max || this_cpu_read(rss->cpu->stock) > 0)
		rss_stock_drop(rss);
}

/**
 * rss_stock_trim - put a stock right that got negative or too large
 * @rss: the container
 *
 * Context: preemption disabled.
 * Return: what rss_stock_apply() has to charge for it.
 */
int rss_stock_trim(struct rss_container *rss)
{
	int stock = this_cpu_read(rss->cpu->stock), max, keep;

	do {
		/* rss_stock_drain()'s interrupt may have been quicker. */
		max = this_cpu_read(rss->cpu->max);
		if (stock >= 0 && stock <= max)
			return 0;
		/*
		 * Nothing but the missing pages is charged: were more taken, the
		 * next fault would find a stock although the container is over
		 * its limit.
		 */
		keep = stock > 0 ? min(max, RSS_STOCK_KEEP) : 0;
	} while (!this_cpu_try_cmpxchg(rss->cpu->stock, &stock, keep));

	return keep - stock;
}

/**
 * rss_stock_apply - charge what a stock lacked, or uncharge what it had too much
 * @rss: the container
 * @nr: how many pages; negative: to uncharge
 * @own: the pages were unmapped by a task of the container itself, so that it may
 *	as well have the stock of this CPU. For another one's pages that would go
 *	to and fro
 *
 * Context: RCU read side.
 * Return: true if that exceeds a limit.
 */
bool rss_stock_apply(struct rss_container *rss, int nr, bool own)
{
	bool unwanted;

	if (nr > 0)
		res_counter_charge(&rss->res, nr);
	else
		rss_stock_uncharge(rss, -nr);
	unwanted = rss_stock_unwanted(rss);
	if (unlikely(unwanted || !this_cpu_read(rss->cpu->max)))
		rss_stock_settle(rss, unwanted, own && nr < 0);

	if (nr < 0 || !res_counter_first_over(&rss->res))
		return false;
	WRITE_ONCE(rss->over, true);
	return true;
}

/**
 * rss_stock_balance - put this CPU's stock right, and the counter by it
 * @rss: the container
 * @own: see rss_stock_apply()
 *
 * Context: RCU read side.
 * Return: true if that exceeds a limit.
 */
bool rss_stock_balance(struct rss_container *rss, bool own)
{
	int nr;

	preempt_disable();
	nr = rss_stock_trim(rss);
	preempt_enable();

	return nr && rss_stock_apply(rss, nr, own);
}

/**
 * rss_account_move - count pages at another container, or as another kind
 * @from: the container
 * @from_kind: what they were there, and on which list
 * @to: the same container, or its parent, or one further up
 * @to_kind: what they are from now on
 * @nr: how many pages; an ancestor's usage includes them already
 *
 * The counters below the ancestor keep them: a dead container has no usage that
 * anybody looks at, and a hook that charged them may not have got there yet.
 *
 * rss_count() comes to @from first: it finds what moves at one of them or at
 * both, never at neither.
 */
void rss_account_move(struct rss_container *from, unsigned int from_kind,
		      struct rss_container *to, unsigned int to_kind, long nr)
{
	/* On one CPU, see rss_count_cpu(). */
	preempt_disable();
	this_cpu_add(to->cpu->nr[to_kind], nr);
	/* Pairs with rss_count(). */
	smp_wmb();
	this_cpu_sub(from->cpu->nr[from_kind], nr);
	preempt_enable();
}

/* What rss_stock_fill() does where there may be no stock. */
static int rss_stock_check_room(struct rss_container *rss,
				unsigned long margin, struct res_counter **fail)
{
	struct res_counter *cnt;

	if (margin)
		return 0;
	for (cnt = &rss->res; cnt; cnt = cnt->parent) {
		if (res_counter_room(cnt))
			continue;
		res_counter_inc_failcnt(cnt);
		*fail = cnt;
		return -ENOMEM;
	}
	return 0;
}

/**
 * rss_stock_fill - see that this CPU's stock is not empty
 * @rss: the container
 * @margin: res_counter_margin(), or what that was just now
 * @fail: on failure, the level whose limit was met
 *
 * Close to a watermark, and on an isolated CPU, it stays empty, there only has
 * to be room.
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
	/* The holder would have been stopped had one come close meanwhile. */
	if (!this_cpu_read(rss->cpu->max) && rss_stock_unwanted(rss))
		return rss_stock_check_room(rss, margin, fail);

	/*
	 * What was here before goes back first, and nobody else fills the same
	 * stock: else this CPU would have more than RSS_STOCK_MAX for an instant,
	 * and the peak would show it.
	 */
	preempt_disable();
	if (this_cpu_read(rss->cpu->stock) > 0) {
		preempt_enable();
		return 0;
	}
	if ((!this_cpu_read(rss->cpu->max) || READ_ONCE(rss->dead)) &&
	    !rss_stock_take_over(rss)) {
		preempt_enable();
		return rss_stock_check_room(rss, margin, fail);
	}
	/*
	 * Others may be quicker and take the margin. One page then, if any.
	 * Close to the limit, leave some for the other CPUs.
	 */
	nr = clamp(margin, 1UL, tight ? RSS_STOCK_MAX / 2 : RSS_STOCK_MAX);
	err = res_counter_try_charge(&rss->res, nr, fail);
	if (!err) {
		this_cpu_add(rss->cpu->stock, nr);
		/* The interrupt of a drain may have come in between. */
		this_cpu_write(rss->cpu->max, RSS_STOCK_MAX);
	}
	preempt_enable();

	rss_stock_recheck(rss);
	return err;
}

/* The holder of @cpu, if that is @root or below it. RCU. */
static struct rss_container *rss_stock_holder_below(int cpu,
						    struct rss_container *root)
{
	struct rss_container *holder = READ_ONCE(per_cpu(rss_stock_holder, cpu));

	return rss_is_inside(holder, root) ? holder : NULL;
}

static bool rss_has_stock(int cpu, void *root)
{
	struct rss_container *holder = rss_stock_holder_below(cpu, root);

	return holder && READ_ONCE(per_cpu_ptr(holder->cpu, cpu)->stock) > 0;
}

/**
 * rss_stock_drain - give the stocks of a subtree back to the counters
 * @root: the container at its top
 *
 * What usage a limit really leaves room for is known only afterwards. A stock
 * belongs to its CPU, which is interrupted for this if it has any.
 *
 * Context: may sleep.
 */
void rss_stock_drain(struct rss_container *root)
{
	rcu_read_lock();
	on_each_cpu_cond(rss_has_stock, rss_stock_give_back, root, true);
	rcu_read_unlock();
}

static bool rss_may_stock(int cpu, void *root)
{
	struct rss_container *holder = rss_stock_holder_below(cpu, root);
	struct rss_cpu *counts;

	if (!holder)
		return false;
	counts = per_cpu_ptr(holder->cpu, cpu);
	return READ_ONCE(counts->stock) > 0 || READ_ONCE(counts->max);
}

/**
 * rss_stock_stop - the same, and keep the subtree from having stocks
 * @root: the container at its top
 *
 * For how long, rss_stock_unwanted() says to each that changes its counter.
 *
 * Context: task, with interrupts enabled; locks are no matter, as for the TLB
 * flushes that wait for other CPUs under the page table lock.
 */
void rss_stock_stop(struct rss_container *root)
{
	/* The counter was changed before. Pairs with rss_stock_recheck(). */
	smp_mb();
	rcu_read_lock();
	on_each_cpu_cond(rss_may_stock, rss_stock_give_back, root, true);
	rcu_read_unlock();
}

static bool rss_is_holder(int cpu, void *rss)
{
	return READ_ONCE(per_cpu(rss_stock_holder, cpu)) == rss;
}

static void rss_stock_release_local(void *rss)
{
	if (__this_cpu_read(rss_stock_holder) != rss)
		return;
	rss_stock_give_back(NULL);
	__this_cpu_write(rss_stock_holder, NULL);
}

/**
 * rss_stock_release - let no CPU have the stock of a container any more
 * @rss: the container, dead since a grace period at least
 *
 * Context: may sleep.
 */
void rss_stock_release(struct rss_container *rss)
{
	/* A CPU is either interrupted here, or rss_cpu_dead() has seen to it. */
	cpus_read_lock();
	on_each_cpu_cond(rss_is_holder, rss_stock_release_local, rss, true);
	cpus_read_unlock();
}

/**
 * rss_stock_free - give back the stocks of a container nobody uses any more
 * @rss: the container, after a grace period; no CPU has it for its holder
 */
void rss_stock_free(struct rss_container *rss)
{
	long stock = 0, nr = 0;
	int cpu, kind;

	if (!rss->cpu)
		return;

	for_each_possible_cpu(cpu) {
		struct rss_cpu *counts = per_cpu_ptr(rss->cpu, cpu);

		stock += counts->stock;
		for (kind = 0; kind < NR_RSS_KINDS; kind++)
			nr += counts->nr[kind];
		WARN_ON_ONCE(rss_is_holder(cpu, rss));
	}

	WARN_ONCE(nr, "rss: container freed with %ld pages charged\n", nr);
	if (stock > 0)
		res_counter_uncharge(&rss->res, stock);
}

/* Containers that are summed up before RCU is let go of. */
#define RSS_COUNT_BATCH	32

/* Lets others run, with a reference on the container if it gives one. */
static bool rss_count_pause(struct rss_container *pos)
{
	/* It can't on one that is being freed. The next one may do. */
	if (!css_tryget(&pos->css))
		return false;
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	/* The walk goes on from here before RCU lets it go. */
	rss_put(pos);
	return true;
}

static long rss_count_cpu_once(const struct rss_cpu *counts,
			       long nr[NR_RSS_KINDS])
{
	long sum = 0;
	int kind;

	for (kind = 0; kind < NR_RSS_KINDS; kind++) {
		nr[kind] = READ_ONCE(counts->nr[kind]);
		sum += nr[kind];
	}
	return sum;
}

/*
 * What moves between the lists is counted twice for an instant, or at neither if
 * that is looked at in between. Then the sum is another one after it.
 */
static void rss_count_cpu(const struct rss_cpu *counts, long sum[NR_RSS_KINDS])
{
	long nr[NR_RSS_KINDS], before, after;
	int kind, tries = 3;

	after = rss_count_cpu_once(counts, nr);
	do {
		before = after;
		/* Pairs with rss_account_move(), as far as it can. */
		smp_rmb();
		after = rss_count_cpu_once(counts, nr);
	} while (unlikely(after != before) && --tries);
	for (kind = 0; kind < NR_RSS_KINDS; kind++)
		sum[kind] += nr[kind];
}

static void rss_count_one(struct rss_container *rss, long sum[NR_RSS_KINDS])
{
	int cpu;

	for_each_possible_cpu(cpu)
		rss_count_cpu(per_cpu_ptr(rss->cpu, cpu), sum);
}

/**
 * rss_owns_any - whether the CPUs of a container have counted any page
 * @rss: the container
 *
 * Return: false if the sum is zero.
 */
bool rss_owns_any(struct rss_container *rss)
{
	long nr[NR_RSS_KINDS], sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += rss_count_cpu_once(per_cpu_ptr(rss->cpu, cpu), nr);
	return sum;
}

/**
 * rss_count - the pages that a container and its descendants own
 * @root: the container, with a reference
 * @sums: where to put their number
 *
 * Each page is counted where it was mapped and unmapped, so the sum is exact
 * when nothing is in flight, and short of that off by what is.
 *
 * Context: may sleep.
 */
void rss_count(struct rss_container *root, struct rss_sums *sums)
{
	long sum[NR_RSS_KINDS] = { };
	struct cgroup_subsys_state *css;
	int kind, batch = 0;

	might_sleep();
	rcu_read_lock();
	css_for_each_descendant_post(css, &root->css) {
		struct rss_container *pos = css_to_rss(css);

		if (rss_is_root(pos))
			continue;
		rss_count_one(pos, sum);
		/* Pairs with rss_account_move(): children before their parent. */
		smp_rmb();
		if (++batch >= RSS_COUNT_BATCH && rss_count_pause(pos))
			batch = 0;
	}
	rcu_read_unlock();

	*sums = (struct rss_sums) { };
	for (kind = 0; kind < NR_RSS_KINDS; kind++) {
		/* What TYPE can't be. */
		if (kind % RSS_KIND_LRU == NR_RSS_TYPES)
			continue;
		sums->type[kind % RSS_KIND_LRU] += max(sum[kind], 0L);
		sums->list[rss_kind_list(kind)] += max(sum[kind], 0L);
	}
}

/* What a CPU that is gone has in stock is out of the reach of interrupts. */
static int rss_cpu_dead(unsigned int cpu)
{
	struct rss_container *holder = per_cpu(rss_stock_holder, cpu);
	struct rss_cpu *counts;
	int stock;

	if (!holder)
		return 0;
	counts = per_cpu_ptr(holder->cpu, cpu);
	stock = counts->stock;
	counts->stock = 0;
	counts->max = 0;
	per_cpu(rss_stock_holder, cpu) = NULL;
	if (stock > 0)
		res_counter_uncharge(&holder->res, stock);
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
