// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: the life of a container.
 *
 * Terms. A page is *used* while it is mapped into the page tables of at least
 * one process. The mm that maps it first is its *first toucher*; the container
 * of that mm becomes the *owner* of the page and stays it until the last
 * mapping anywhere is gone. The *usage* of a container is the number of pages
 * that it and its descendants own.
 *
 * How far usage can exceed a limit follows from the order of charging. Before
 * a fault, where the task may sleep, it makes sure that the container has one
 * page in stock, and that it is not over its limit; at the limit it reclaims.
 * Under the page table lock, where sleeping is impossible, what is mapped is
 * charged, past the limit if need be. So every task in a fault adds at most
 * what that one fault maps, and it reclaims, or kills, until the container is
 * back under the limit before it returns to user mode or faults again.
 *
 * page.c has the page records, id.c the names of containers in them,
 * lru.c the lists, made of batches by queue.c, pending.c what is on its
 * way there, stock.c the counting, prepare.c and charge.c the two stages
 * of charging, migrate.c what becomes of folios that are migrated or split,
 * turn.c, isolate.c, reclaim.c and oom.c what is done at the limit,
 * mm.c the membership of an mm, files.c the control files.
 */

#include <linux/cgroup.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "rss.h"

#define CREATE_TRACE_POINTS
#include <trace/events/rss_container.h>

DEFINE_STATIC_KEY_FALSE(rss_container_key);
bool rss_root_marks __read_mostly;
struct rss_container *rss_root __read_mostly;

struct rss_container *rss_next_in_subtree(struct rss_container *prev,
					  struct rss_container *root)
{
	struct cgroup_subsys_state *css = prev ? &prev->css : NULL;

	rcu_read_lock();
	do {
		css = css_next_descendant_pre(css, &root->css);
	} while (css && !css_tryget(css));
	rcu_read_unlock();

	rss_put(prev);
	return css_to_rss(css);
}

/*
 * Containers that went offline take turns here, each with so many entries at
 * once: none waits for another to be done. More of them at the same time would
 * only wait for the lists of a parent that they have in common.
 */
#define RSS_OFFLINE_BATCH	1024
#define RSS_OFFLINE_ACTIVE	4

static struct workqueue_struct *rss_offline_wq;

/*
 * No task is left. What the container still owns is mapped by others; it goes
 * to the nearest ancestor that is alive, and so do mms without tasks, so that
 * nothing keeps the container but mms that other containers' tasks share.
 */
static void rss_offline_fn(struct work_struct *work)
{
	struct rss_container *rss = container_of(to_rcu_work(work),
						 struct rss_container,
						 offline_work);

	rss_mm_reparent(rss);
	switch (rss_lru_reparent(rss, RSS_OFFLINE_BATCH)) {
	case -EAGAIN:
		queue_work(rss_offline_wq, work);
		return;
	case -EBUSY:
		/* Hooks that are under way are over then. */
		queue_rcu_work(rss_offline_wq, &rss->offline_work);
		return;
	}
	/* It was dead for a grace period: no CPU is taken over for it any more. */
	rss_stock_release(rss);
	rss_put(rss);
}

/* In place of that of over.c, without which nothing is charged. */
void __weak rss_over_fn(struct work_struct *work)
{
	rss_put(container_of(work, struct rss_container, over_work));
}

static void rss_container_free(struct rss_container *rss)
{
	int nid;

	rss_id_retire(rss);
	/* What was on its way when the others were freed. */
	rss_lists_free(rss);
	for_each_node(nid)
		kfree(rss->node[nid]);
	free_percpu(rss->cpu);
	kfree(rss->full.refaults);
	kfree(rss);
}

static struct cgroup_subsys_state *
rss_css_alloc(struct cgroup_subsys_state *parent_css)
{
	struct rss_container *parent = css_to_rss(parent_css);
	struct rss_container *rss;
	int nid, err;

	if (parent) {
		err = rss_pages_alloc();
		if (err)
			return ERR_PTR(err);
	}

	rss = kzalloc(struct_size(rss, node, nr_node_ids), GFP_KERNEL);
	if (!rss)
		return ERR_PTR(-ENOMEM);

	res_counter_init(&rss->res, parent && !rss_is_root(parent) ?
				    &parent->res : NULL);
	rss_watermark_init(rss);
	rss_full_init(rss);
	rss_turns_init(rss);
	INIT_LIST_HEAD(&rss->peaks);
	spin_lock_init(&rss->peaks_lock);
	INIT_LIST_HEAD(&rss->ownerless);
	spin_lock_init(&rss->ownerless_lock);
	INIT_WORK(&rss->over_work, rss_over_fn);
	INIT_RCU_WORK(&rss->offline_work, rss_offline_fn);
	err = rss_id_alloc(rss);
	if (err)
		goto fail;
	rss->home = rss_state_home(rss->id) | RSS_HOME_AWAY;
	err = -ENOMEM;
	if (!parent) {
		rss_offline_wq = alloc_workqueue("rss_offline", WQ_UNBOUND,
						 RSS_OFFLINE_ACTIVE);
		if (!rss_offline_wq)
			goto fail;
		rss_root = rss;
		return &rss->css;
	}

	rss->cpu = alloc_percpu(struct rss_cpu);
	if (!rss->cpu)
		goto fail;

	for_each_node(nid) {
		rss->node[nid] = kzalloc_node(sizeof(*rss->node[nid]),
					      GFP_KERNEL,
					      node_state(nid, N_NORMAL_MEMORY) ?
					      nid : NUMA_NO_NODE);
		if (!rss->node[nid])
			goto fail;
		rss_node_init(rss, nid);
	}

	return &rss->css;

fail:
	rss_container_free(rss);
	return ERR_PTR(err);
}

static int rss_css_online(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_to_rss(css);

	if (rss_is_root(rss))
		return 0;
	WRITE_ONCE(rss->home, rss_state_home(rss->id));
	static_branch_enable(&rss_container_key);
	WRITE_ONCE(rss_root_marks, true);
	return 0;
}

static void rss_css_offline(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_to_rss(css);

	WRITE_ONCE(rss->dead, true);
	WRITE_ONCE(rss->home, rss->home | RSS_HOME_AWAY);
	/* There is no file left to wait at, nor one to change the limit by. */
	if (rss->watermark != RES_COUNTER_MAX)
		rss_set_watermark(rss, RES_COUNTER_MAX);
	res_counter_force_limit(&rss->res, RES_COUNTER_MAX);
	/* There may be millions of pages: not under cgroup_mutex. */
	css_get(css);
	queue_rcu_work(rss_offline_wq, &rss->offline_work);
}

/* What leads to it ends a grace period before its reference count does. */
static void rss_css_released(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_to_rss(css);

	rss_turns_forget(rss);
	/* Records of pages that nobody maps may have it still. */
	rss_id_retire(rss);
}

static void rss_css_free(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_to_rss(css);

	rss_watermark_free(rss);
	rss_stock_free(rss);
	rss_container_free(rss);
}

/*
 * Without a table here from the start a hierarchy does not get the controller
 * at all. Those with files in them replace these, see rss_files_v*.c.
 */
struct cftype __weak rss_files_legacy[] = { { } };
struct cftype __weak rss_files_dfl[] = { { } };

struct cgroup_subsys rss_cgrp_subsys = {
	.css_alloc = rss_css_alloc,
	.css_online = rss_css_online,
	.css_offline = rss_css_offline,
	.css_released = rss_css_released,
	.css_free = rss_css_free,
	.attach = rss_attach,
	.fork = rss_fork,
	.exit = rss_end_push,
	.legacy_cftypes = rss_files_legacy,
	.dfl_cftypes = rss_files_dfl,
};
