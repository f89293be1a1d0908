// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: the life of a container.
 *
 * Terms. A page is *used* while it is mapped into the page tables of at least
 * one process. The mm that maps it first is its *first toucher*; the container
 * of that mm becomes the *owner* of the page and remains it until the last
 * mapping anywhere is gone. The *usage* of a container is the number of pages
 * that it and its descendants own.
 *
 * How far usage can exceed a limit follows from the order of charging. Before
 * a fault, a task may sleep. It makes sure that the container has a page in
 * stock and is not over its limit; at the limit it reclaims. Under the page
 * table lock, sleeping is impossible. Mapped pages are charged there, past the
 * limit if necessary. So each task in a fault adds at most what that one fault
 * maps. Before it returns to user mode or faults again, it reclaims or kills
 * until the container is back under the limit.
 *
 * page.c has the page records, id.c the ids of containers in them, lru.c the
 * lists, queue.c the batches that they consist of, pending.c entries on their
 * way there, stock.c the counting, prepare.c and charge.c the two stages of
 * charging, migrate.c folios that are migrated or split, turn.c, isolate.c,
 * reclaim.c and oom.c what is done at the limit, mm.c the membership of an mm,
 * files.c the control files.
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
 * Offline containers take turns, each with RSS_OFFLINE_BATCH entries: none
 * waits for another to finish. More of them at the same time would only
 * contend for the lists of a common parent.
 */
#define RSS_OFFLINE_BATCH	1024
#define RSS_OFFLINE_ACTIVE	4

static struct workqueue_struct *rss_offline_wq;

/*
 * No task is left. Pages that the container still owns are mapped by others.
 * They go to the nearest living ancestor, and so do mms without tasks. Then
 * only mms that tasks of other containers share pin the container.
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
		/* By then, hooks that are running now have ended. */
		queue_rcu_work(rss_offline_wq, &rss->offline_work);
		return;
	}
	/* Dead for a grace period: it takes over no CPU any more. */
	rss_stock_release(rss);
	rss_put(rss);
}

/* Replaced by that of over.c, without which nothing is charged. */
void __weak rss_over_fn(struct work_struct *work)
{
	rss_put(container_of(work, struct rss_container, over_work));
}

static void rss_container_free(struct rss_container *rss)
{
	int nid;

	rss_id_retire(rss);
	/* Entries that reached the lists after the others were freed. */
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
	/* No file is left to wait on, or to change the limit. */
	if (rss->watermark != RES_COUNTER_MAX)
		rss_set_watermark(rss, RES_COUNTER_MAX);
	res_counter_force_limit(&rss->res, RES_COUNTER_MAX);
	/* There may be millions of pages: not under cgroup_mutex. */
	css_get(css);
	queue_rcu_work(rss_offline_wq, &rss->offline_work);
}

/* Stop lookups a grace period before the container is freed. */
static void rss_css_released(struct cgroup_subsys_state *css)
{
	struct rss_container *rss = css_to_rss(css);

	rss_turns_forget(rss);
	/* Records of unmapped pages may still contain it. */
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
 * A hierarchy gets the controller only if there is a table from the start.
 * files_v1.c and files_v2.c replace these empty ones.
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
