// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: counting on each CPU.
 *
 * All CPUs share the hierarchical counter, and only the limit check reads it.
 * So each CPU charges pages in batches, its *stock*, and counts mapped pages
 * on its own. Users read the sum of these counts: it is exact, not rounded to
 * batches.
 *
 * A CPU has the stock of one container only, its *holder*: the last one whose
 * task took pages from the counter there. So a counter exceeds usage by at
 * most RSS_STOCK_MAX per CPU, however many containers are below it, and
 * returning all stocks takes a visit to each CPU, but to no container.
 * Isolated CPUs have no holder: they are never interrupted.
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
 * with interrupts off, or once it is dead. It holds no reference: a dead
 * container takes over no CPU, and its CPUs are released before it is freed,
 * see rss_stock_release(). RCU.
 */
static DEFINE_PER_CPU(struct rss_container *, rss_stock_holder);

/* Number of watermarks, and of tasks that wait for room. */
static atomic_t rss_stock_watchers = ATOMIC_INIT(0);

/**
 * rss_stock_watch - make charges check watermarks and waiting tasks
 *
 * Call it before adding one of either, and rss_stock_stop() after that.
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
 * After the counter changed, or this CPU was taken over. Pairs with
 * rss_stock_stop(): either this sees the preceding rss_stock_watch(), or that
 * sees the change.
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
 * Must the container have no stock? True close to a watermark, and while tasks
 * wait for room: pages that go to a stock would not wake them.
 */
static bool rss_stock_unwanted(struct rss_container *rss)
{
	return rss_stock_watched() &&
	       (rss_watermark_note(rss) || rss_full_awaited(rss));
}

/*
 * Return the stock of this CPU. The holder gets another one only after it has
 * checked the watermarks again.
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
 * rss_stock_drop - return this CPU's stock to the counter
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
 * Make @rss the holder of this CPU. Returns false if it can't be.
 *
 * Pairs with rss_offline_fn(): if this does not see @rss dead,
 * rss_stock_release() sees the new holder, a grace period after it was set.
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
 * Call this once @rss may have a stock on this CPU: a watermark may have come
 * close since the last check.
 */
static void rss_stock_recheck(struct rss_container *rss)
{
	/*
	 * Pairs with rss_stock_stop(), which reads the stocks after its caller
	 * changed the counter: one side always sees the other's write.
	 */
	smp_mb();
	/* On all CPUs: the task may have migrated. */
	if (unlikely(rss_stock_unwanted(rss)))
		rss_stock_stop(rss);
}

/*
 * After the counter of @rss changed: allow it a stock on this CPU, or drop it
 * if @unwanted. Only with @own does it become the holder if it is not.
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
 * rss_stock_trim - correct a stock that became negative or too large
 * @rss: the container
 *
 * Context: preemption disabled.
 * Return: the pages that rss_stock_apply() has to charge for that.
 */
int rss_stock_trim(struct rss_container *rss)
{
	int stock = this_cpu_read(rss->cpu->stock), max, keep;

	do {
		/* rss_stock_drain()'s interrupt may have come first. */
		max = this_cpu_read(rss->cpu->max);
		if (stock >= 0 && stock <= max)
			return 0;
		/*
		 * Charge only the missing pages. With more, the next fault
		 * would find a page in stock although the container is over
		 * its limit.
		 */
		keep = stock > 0 ? min(max, RSS_STOCK_KEEP) : 0;
	} while (!this_cpu_try_cmpxchg(rss->cpu->stock, &stock, keep));

	return keep - stock;
}

/**
 * rss_stock_apply - charge pages that a stock lacked, or uncharge its excess
 * @rss: the container
 * @nr: number of pages to charge; negative to uncharge
 * @own: the pages were unmapped by a task of the container itself, so that it
 *	may take over this CPU. For pages of others, the CPU would keep
 *	changing hands
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
 * rss_stock_balance - correct this CPU's stock, and charge the difference
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
 * @from_kind: their type and list there
 * @to: the same container, or an ancestor
 * @to_kind: their new type and list
 * @nr: number of pages; an ancestor's usage already includes them
 *
 * The counters below the ancestor keep them: the usage of a dead container is
 * not read, and a hook that charged them may not have got there yet.
 *
 * rss_count() reads @from first, so it finds moving pages at one of them or at
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

/* For rss_stock_fill() where no stock is allowed. */
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
 * rss_stock_fill - make sure that this CPU's stock is not empty
 * @rss: the container
 * @margin: a recent value of res_counter_margin()
 * @fail: on failure, set to the level whose limit was met
 *
 * Close to a watermark, and on an isolated CPU, it stays empty; there only has
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
	/* Needless if max is set: rss_stock_stop() would have cleared it. */
	if (!this_cpu_read(rss->cpu->max) && rss_stock_unwanted(rss))
		return rss_stock_check_room(rss, margin, fail);

	/*
	 * The previous holder's stock is returned first, and no other task
	 * fills this one: the CPU never has more than RSS_STOCK_MAX, which the
	 * peak would show.
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
	 * Other tasks may take the margin first. Then one page, if any. Close
	 * to the limit, leave some for the other CPUs.
	 */
	nr = clamp(margin, 1UL, tight ? RSS_STOCK_MAX / 2 : RSS_STOCK_MAX);
	err = res_counter_try_charge(&rss->res, nr, fail);
	if (!err) {
		this_cpu_add(rss->cpu->stock, nr);
		/* The interrupt of a drain may have cleared it. */
		this_cpu_write(rss->cpu->max, RSS_STOCK_MAX);
	}
	preempt_enable();

	rss_stock_recheck(rss);
	return err;
}

/* The holder of @cpu if it is @root or below it. RCU. */
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
 * rss_stock_drain - return the stocks of a subtree to the counters
 * @root: the container at its top
 *
 * Only after this do the counters tell how much room a limit leaves. A stock
 * belongs to its CPU, which is interrupted if it has one.
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
 * rss_stock_stop - return the stocks of a subtree, and allow no new ones
 * @root: the container at its top
 *
 * This lasts as long as rss_stock_unwanted() is true when a counter changes.
 *
 * Context: task, interrupts enabled; locks may be held, as for TLB flushes,
 * which wait for other CPUs under the page table lock.
 */
void rss_stock_stop(struct rss_container *root)
{
	/* After the counter change. Pairs with rss_stock_recheck(). */
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
 * rss_stock_release - make all CPUs drop a container as their holder
 * @rss: the container, dead for at least a grace period
 *
 * Context: may sleep.
 */
void rss_stock_release(struct rss_container *rss)
{
	/* A CPU is interrupted here, or rss_cpu_dead() has dropped it. */
	cpus_read_lock();
	on_each_cpu_cond(rss_is_holder, rss_stock_release_local, rss, true);
	cpus_read_unlock();
}

/**
 * rss_stock_free - return the stocks of a container that is about to be freed
 * @rss: the container, after a grace period; no CPU has it as its holder
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

/* Containers to sum up before dropping the RCU read lock. */
#define RSS_COUNT_BATCH	32

/* Reschedule, if a reference on the container can be taken. */
static bool rss_count_pause(struct rss_container *pos)
{
	/* Fails if it is being freed. The next one may succeed. */
	if (!css_tryget(&pos->css))
		return false;
	rcu_read_unlock();
	cond_resched();
	rcu_read_lock();
	/* RCU keeps it until the walk has moved on. */
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
 * Pages that move between lists are briefly counted on both. A racing read may
 * find them on both or on neither; then a second read gives another sum.
 */
static void rss_count_cpu(const struct rss_cpu *counts, long sum[NR_RSS_KINDS])
{
	long nr[NR_RSS_KINDS], before, after;
	int kind, tries = 3;

	after = rss_count_cpu_once(counts, nr);
	do {
		before = after;
		/* Pairs with rss_account_move(), as far as possible. */
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
 * rss_owns_any - do the CPUs of a container count any page?
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
 * rss_count - count the pages that a container and its descendants own
 * @root: the container, with a reference
 * @sums: where to put the numbers
 *
 * Each page is counted on the CPUs where it was mapped and unmapped. The sum
 * is exact when nothing is in flight, otherwise off by what is.
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
		/* TYPE never has this value. */
		if (kind % RSS_KIND_LRU == NR_RSS_TYPES)
			continue;
		sums->type[kind % RSS_KIND_LRU] += max(sum[kind], 0L);
		sums->list[rss_kind_list(kind)] += max(sum[kind], 0L);
	}
}

/* A dead CPU can't be interrupted to return its stock. */
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
