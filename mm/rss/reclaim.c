// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: reclaim from a container.
 *
 * The goal is to uncharge pages, not to free memory. A file folio is done once
 * it is unmapped: it stays in the page cache, clean or dirty, and needs no
 * I/O. Anonymous folios go to swap. Slab is not shrunk: no slab is charged, so
 * the container would gain nothing while the kernel recreates its objects.
 */

#include <linux/jiffies.h>
#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/psi.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include <trace/events/rss_container.h>

#include "../internal.h"
#include "queue.h"

/* Batches that children must give in vain, at least, before priority rises. */
#define RSS_RECLAIM_MISSES	8

/* Searches for another turn after a child none of whose children can give. */
#define RSS_RECLAIM_SEARCHES	32U

/*
 * A fault needs a page or a few, but asks for SWAP_CLUSTER_MAX, which costs
 * less per page. It takes at most this part of the reclaimable pages: they may
 * be the code that is running.
 */
#define RSS_RECLAIM_PART	16

/* Stop scanning anonymous pages after this many in a row without swap. */
#define RSS_ANON_VAIN		1024

/*
 * Batches of newcomers to check per reclaim. Between two calls, tasks on some
 * CPUs map one or two batches. If there are more, they are found in use once
 * at the tail.
 */
#define RSS_AGE_BATCHES		4

/*
 * How long the result of a scan of all anonymous pages is relied on. A task at
 * its limit may scan them dozens of times before it is killed, and hardly any
 * entry turns stale meanwhile.
 */
#define RSS_ANON_LEASE		(HZ / 10)

/**
 * struct rss_scan - state of one try_to_free_pages_in_container()
 * @nr_to_reclaim: pages to reclaim
 * @nr_reclaimed: pages uncharged so far
 * @nr_scanned: pages scanned so far
 * @nr_anon_vain: anonymous pages passed over in a row for lack of swap
 * @swap_full: memory cgroup without swap that was met last
 * @batch: most pages of a list to scan in one turn
 * @priority: size >> priority pages of each list are scanned
 * @urgent: a task waits for room; if not, there is time to find what is in use
 * @gentle: a task waits for a page or a few; more would only save cost
 * @few: less than a batch is wanted, as little can be reclaimed
 * @busy: some folios were held by others
 * @used: some folios were in use
 */
struct rss_scan {
	unsigned long nr_to_reclaim;
	unsigned long nr_reclaimed;
	unsigned long nr_scanned;
	unsigned long nr_anon_vain;
	const struct mem_cgroup *swap_full;
	unsigned long batch;
	int priority;
	bool urgent;
	bool gentle;
	bool few;
	bool busy;
	bool used;
};

static bool rss_scan_done(struct rss_scan *scan)
{
	return scan->nr_reclaimed >= scan->nr_to_reclaim ||
	       fatal_signal_pending(current);
}

/*
 * Take only a part of the @evictable pages per fault. If they are the code that
 * is running, and all of it went, the task would fault on all of it each time.
 */
static unsigned long rss_gentle_batch(struct rss_scan *scan,
				      unsigned long evictable)
{
	unsigned long batch = SWAP_CLUSTER_MAX;

	if (scan->gentle)
		batch = clamp(evictable / RSS_RECLAIM_PART, 1UL, batch);
	scan->few = batch < SWAP_CLUSTER_MAX;
	return batch;
}

static unsigned long rss_urgent(struct rss_scan *scan)
{
	return scan->urgent ? scan->nr_to_reclaim - scan->nr_reclaimed : 0;
}

static void rss_shrink_pages(struct rss_isolate *iso)
{
	LIST_HEAD(folios);

	shrink_isolated_pages(NODE_DATA(iso->nid), rss_isolate_pages, iso,
			      &folios);
	rss_putback_pages(iso, &folios);
}

/* Counted at every level, so the counts survive the container's removal. */
static void rss_count_scan(struct rss_container *rss, struct rss_isolate *iso)
{
	for (; rss; rss = css_to_rss(rss->css.parent)) {
		atomic_long_add(iso->nr_mapped, &rss->scanned);
		atomic_long_add(iso->nr_uncharged, &rss->stolen);
	}
}

static void rss_shrink_batch(struct rss_isolate *iso)
{
	if (iso->list == RSS_UNEVICTABLE)
		rss_sort_pages(iso);
	else if (iso->list == RSS_INACTIVE_FILE)
		rss_unmap_pages(iso);
	else
		rss_shrink_pages(iso);
	rss_count_scan(iso->rss, iso);
}

static void rss_note_batch(struct rss_scan *scan, const struct rss_isolate *iso)
{
	scan->nr_scanned += iso->nr_scanned;
	scan->nr_reclaimed += iso->nr_uncharged;
	scan->swap_full = iso->swap_full;
	scan->busy |= iso->busy;
	scan->used |= iso->used;
	if (iso->list != RSS_INACTIVE_ANON && iso->list != RSS_ACTIVE_ANON)
		return;
	scan->nr_anon_vain += iso->nr_passed;
	if (iso->nr_mapped && get_nr_swap_pages() > 0)
		scan->nr_anon_vain = 0;
}

static bool rss_anon_lately(unsigned long then)
{
	return time_before(jiffies, then + RSS_ANON_LEASE);
}

/* A task at its limit may scan all of them many times before it is killed. */
static bool rss_anon_searched(const struct rss_node *node)
{
	return rss_anon_lately(READ_ONCE(node->anon_searched));
}

static void rss_shrink_list(struct rss_container *rss, int nid,
			    enum rss_list list, unsigned long nr_to_scan,
			    struct rss_scan *scan)
{
	unsigned long nr_scanned = 0;

	while (nr_scanned < nr_to_scan && !rss_scan_done(scan)) {
		struct rss_isolate iso = {
			.rss = rss,
			.nid = nid,
			.list = list,
			.nr_to_scan = scan->few ? rss_urgent(scan) :
						  SWAP_CLUSTER_MAX,
			.nr_urgent = rss_urgent(scan),
			.ignore_references = !scan->priority,
			.recent = rss_anon_searched(rss->node[nid]),
			.swap_full = scan->swap_full,
		};

		rss_shrink_batch(&iso);
		if (!iso.nr_scanned)
			break;
		nr_scanned += iso.nr_scanned;
		rss_note_batch(scan, &iso);
		cond_resched();
	}
}

/* How many of @size pages to scan; small lists are not rounded off. */
static unsigned long rss_scan_target(unsigned long size, struct rss_scan *scan)
{
	return min(scan->batch, max(size >> scan->priority,
				    min(size, SWAP_CLUSTER_MAX)));
}

/* Scan an inactive list, refilled from the active list if that is longer. */
static void rss_shrink_type(struct rss_container *rss, int nid,
			    enum rss_list inactive, enum rss_list active,
			    struct rss_scan *scan)
{
	unsigned long *size = rss->node[nid]->size;

	if (READ_ONCE(size[inactive]) < READ_ONCE(size[active]) ||
	    !scan->priority)
		rss_deactivate(rss->node[nid], active,
			       rss_scan_target(READ_ONCE(size[active]), scan));

	rss_shrink_list(rss, nid, inactive,
			rss_scan_target(READ_ONCE(size[inactive]), scan), scan);
}

/* None could be reclaimed a moment ago: scan only if no file page can be. */
static bool rss_anon_looked(const struct rss_node *node)
{
	return rss_anon_lately(READ_ONCE(node->anon_looked));
}

/*
 * Without swap, a few pages may still be reclaimable: those that MADV_FREE
 * left and those in the swap cache. Finding them takes a scan of all lists,
 * which is done once, at the last priority, without moving active pages.
 */
static bool rss_anon_in_vain(const struct rss_scan *scan)
{
	return scan->nr_anon_vain >= RSS_ANON_VAIN;
}

static void rss_search_anon(struct rss_container *rss, int nid,
			    struct rss_scan *scan)
{
	struct rss_node *node = rss->node[nid];
	unsigned long reclaimed = scan->nr_reclaimed;
	enum rss_list list;

	for (list = RSS_INACTIVE_ANON; list <= RSS_ACTIVE_ANON; list++)
		rss_shrink_list(rss, nid, list,
				rss_scan_target(READ_ONCE(node->size[list]),
						scan), scan);
	if (rss_scan_done(scan))
		return;
	WRITE_ONCE(node->anon_searched, jiffies);
	if (scan->nr_reclaimed == reclaimed)
		WRITE_ONCE(node->anon_looked, jiffies);
}

/*
 * Runs before anything is taken, to keep up with newcomers. A page that is
 * swapped in may be put on either list.
 */
static void rss_age_anon(struct rss_container *rss, int nid,
			 struct rss_scan *scan)
{
	enum rss_list list;

	for (list = RSS_INACTIVE_ANON; list <= RSS_ACTIVE_ANON; list++) {
		struct rss_isolate iso = {
			.rss = rss,
			.nid = nid,
			.list = list,
		};
		unsigned int batches = RSS_AGE_BATCHES;

		while (rss_age_newcomers(&iso) && --batches)
			cond_resched();
		scan->used |= iso.used;
		rss_count_scan(rss, &iso);
	}
}

static void rss_shrink_anon(struct rss_container *rss, int nid,
			    struct rss_scan *scan)
{
	if (!rss_anon_in_vain(scan) && !rss_anon_looked(rss->node[nid])) {
		if (scan->priority == DEF_PRIORITY)
			rss_age_anon(rss, nid, scan);
		rss_shrink_type(rss, nid, RSS_INACTIVE_ANON, RSS_ACTIVE_ANON,
				scan);
	} else if (!scan->priority) {
		rss_search_anon(rss, nid, scan);
	}
}

/*
 * At higher priorities than this, anonymous and file pages are scanned in
 * proportion; at this one, a pass scans an eighth of each list.
 */
#define RSS_BALANCED_PRIORITY	3
#define RSS_DUE_SHIFT		8
#define RSS_FILE_BIAS		8

/*
 * How many anonymous pages to scan for @scanned file pages, shifted by
 * RSS_DUE_SHIFT, given the sizes of both and swappiness. Swappiness weighs the
 * I/O of both kinds. File pages need none here, so RSS_FILE_BIAS reduces the
 * share of anonymous pages: otherwise the few pages of stack and heap of a task
 * that reads a large file would be swapped out and in for nothing.
 */
static unsigned long rss_anon_due(unsigned long scanned, unsigned long file,
				  unsigned long anon, unsigned int swappiness)
{
	return mul_u64_u64_div_u64(anon, ((u64)scanned * swappiness) << RSS_DUE_SHIFT,
				   (u64)file * (200 - swappiness) * RSS_FILE_BIAS);
}

/*
 * File pages first: unmapping them is cheap, and so is mapping them again.
 * Anonymous pages are scanned once a batch of them is due: a few among many
 * file pages would otherwise be swapped out and in all the time.
 */
static void rss_shrink_node(struct rss_container *rss, int nid,
			    struct rss_scan *scan)
{
	struct rss_node *node = rss->node[nid];
	unsigned long *size = node->size;
	unsigned long file = READ_ONCE(size[RSS_INACTIVE_FILE]) +
			     READ_ONCE(size[RSS_ACTIVE_FILE]);
	unsigned long anon = READ_ONCE(size[RSS_INACTIVE_ANON]) +
			     READ_ONCE(size[RSS_ACTIVE_ANON]);
	unsigned long due = READ_ONCE(node->anon_due) >> RSS_DUE_SHIFT;
	unsigned int swappiness = clamp(READ_ONCE(vm_swappiness), 1, 100);
	bool balanced = file && scan->priority > RSS_BALANCED_PRIORITY;
	bool anon_first = !scan->priority && rss_anon_in_vain(scan) &&
			  !rss_anon_looked(node);
	unsigned long scanned;

	/* Pages may have been munlocked; only a scan can tell. */
	if (!scan->priority)
		rss_shrink_list(rss, nid, RSS_UNEVICTABLE,
				rss_scan_target(READ_ONCE(size[RSS_UNEVICTABLE]),
						scan), scan);

	if (balanced && anon && due >= min(anon, SWAP_CLUSTER_MAX)) {
		WRITE_ONCE(node->anon_due, 0);
		rss_shrink_anon(rss, nid, scan);
	}
	/* Pages that go without swap are not missed; files may be in use. */
	if (anon_first)
		rss_shrink_anon(rss, nid, scan);

	scanned = scan->nr_scanned;
	rss_shrink_type(rss, nid, RSS_INACTIVE_FILE, RSS_ACTIVE_FILE, scan);
	scanned = scan->nr_scanned - scanned;
	if (balanced)
		WRITE_ONCE(node->anon_due, READ_ONCE(node->anon_due) +
			   rss_anon_due(scanned, file, anon, swappiness));
	else if (!anon_first)
		rss_shrink_anon(rss, nid, scan);
}

static void rss_shrink_container(struct rss_container *rss,
				 struct rss_scan *scan)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		if (rss_scan_done(scan))
			break;
		if (!rss_node_empty(rss->node[nid]))
			rss_shrink_node(rss, nid, scan);
	}
}

static void rss_shrink_all(struct rss_container *root, struct rss_scan *scan)
{
	struct rss_container *pos = NULL;

	while ((pos = rss_next_active(pos, root))) {
		rss_shrink_container(pos, scan);
		rss_turns_end(pos);
		if (!rss_scan_done(scan))
			continue;
		rss_put(pos);
		return;
	}
}

/* Small children are spared as long as others give pages. */
static bool rss_spares(const struct rss_scan *scan)
{
	return scan->urgent && scan->priority > RSS_BALANCED_PRIORITY;
}

/* No turn can give: next, stop sparing children, or try all containers. */
static void rss_skip_priorities(struct rss_scan *scan)
{
	scan->priority = min(scan->priority,
			     rss_spares(scan) ? RSS_BALANCED_PRIORITY + 1 : 1);
}

/* Returns the pages taken; *@vain is set to the pages scanned in vain. */
static unsigned long rss_take_turn(struct rss_victim *victim,
				   struct rss_scan *scan, unsigned long *vain)
{
	unsigned long wanted = scan->nr_to_reclaim;
	unsigned long reclaimed = scan->nr_reclaimed;
	unsigned long scanned = scan->nr_scanned;
	unsigned long taken;

	scan->batch = SWAP_CLUSTER_MAX;
	scan->nr_to_reclaim = min(wanted, reclaimed +
				  rss_gentle_batch(scan, victim->size));
	rss_shrink_node(victim->rss, victim->nid, scan);
	scan->nr_to_reclaim = wanted;
	scan->batch = ULONG_MAX;

	taken = scan->nr_reclaimed - reclaimed;
	scanned = scan->nr_scanned - scanned;
	/*
	 * Nothing worth scanning, for lack of swap. Pages in vain count 1/8
	 * (RSS_TURN_VAIN), so a quarter of the size is RSS_TURN_PAUSE.
	 */
	if (!scanned)
		scanned = max(victim->size / 4, SWAP_CLUSTER_MAX);
	*vain = max(scanned - min(scanned, taken), 1UL);
	return taken;
}

/*
 * Take turns until as many pages as this priority allows were scanned in vain.
 * A turn is one batch, however much is wanted. If all have few pages, none
 * gives twice for one fault.
 */
static void rss_shrink_in_turn(struct rss_container *root,
			       struct rss_scan *scan)
{
	unsigned long most = res_counter_usage(&root->res) >> scan->priority;
	unsigned int left = READ_ONCE(root->nr_turns);
	unsigned int searches = min(left, RSS_RECLAIM_SEARCHES);
	unsigned long misses = READ_ONCE(root->nr_child_turns) ?
			       RSS_RECLAIM_MISSES : left;
	unsigned long taken, vain, all_vain = 0;
	struct rss_victim victim;
	int err;

	most = max(most, misses * SWAP_CLUSTER_MAX);
	while (all_vain < most && !rss_scan_done(scan)) {
		err = rss_next_victim(root, rss_spares(scan), &victim);
		if (err == -EAGAIN && searches) {
			searches--;
			continue;
		}
		if (err == -ENOENT)
			rss_skip_priorities(scan);
		if (err)
			break;
		taken = rss_take_turn(&victim, scan, &vain);
		rss_victim_done(root, &victim, taken, vain);
		if (!taken)
			all_vain += vain;
		else if (scan->few && left-- <= 1)
			scan->nr_to_reclaim = scan->nr_reclaimed;
	}
	scan->few = false;
}

/*
 * A container with descendants, or with pages on several nodes, is reclaimed
 * from in turns. Before reclaim fails, all containers are tried one after the
 * other.
 */
static void rss_shrink_subtree(struct rss_container *root,
			       struct rss_scan *scan)
{
	bool below = READ_ONCE(root->nr_child_turns);

	if (below || READ_ONCE(root->nr_turns) > 1) {
		rss_shrink_in_turn(root, scan);
		if (!rss_scan_done(scan) && !scan->priority)
			rss_shrink_all(root, scan);
		return;
	}
	scan->nr_to_reclaim = min(scan->nr_to_reclaim,
				  scan->nr_reclaimed +
				  rss_gentle_batch(scan, rss_reclaimable(root)));
	rss_shrink_container(root, scan);
}

/*
 * Whether a large part of what a container owns may wait on CPUs. If not,
 * these entries are left alone until the last priority.
 */
static bool rss_few_listed(struct rss_container *root)
{
	return res_counter_usage(&root->res) < 4UL * num_online_cpus() *
					       RSS_BATCH_NR;
}

/**
 * try_to_free_pages_in_container - reclaim mapped pages of a container
 * @root: the container; its descendants are reclaimed from, too
 * @nr_pages: number of pages wanted
 * @urgent: whether a task waits for the room
 * @busy: set to whether others held any of the folios. This does not wait for
 *	them: try rss_await_busy() before killing. May be NULL
 *
 * The time is accounted as a memory stall (PSI).
 *
 * Context: may sleep, also for I/O.
 * Return: number of pages uncharged; may be more or less than @nr_pages.
 */
unsigned long try_to_free_pages_in_container(struct rss_container *root,
					     unsigned long nr_pages,
					     bool urgent, bool *busy)
{
	struct rss_scan scan = {
		.nr_to_reclaim = nr_pages,
		.nr_anon_vain = get_nr_swap_pages() > 0 ? 0 : RSS_ANON_VAIN,
		.batch = ULONG_MAX,
		.urgent = urgent,
		.gentle = urgent && nr_pages <= SWAP_CLUSTER_MAX,
	};
	unsigned int noreclaim_flag;
	unsigned long pflags;

	trace_rss_container_reclaim_begin(rss_trace_id(root), nr_pages);
	psi_memstall_enter(&pflags);
	/* Before PF_MEMALLOC: entries must not use up the reserves. */
	rss_find_lost();
	if (rss_few_listed(root))
		rss_pending_drain(false);
	fs_reclaim_acquire(GFP_HIGHUSER_MOVABLE);
	noreclaim_flag = memalloc_noreclaim_save();

	/* Newly mapped folios in this CPU's batches can't be isolated. */
	lru_add_drain();
	for (scan.priority = DEF_PRIORITY; scan.priority >= 0;
	     scan.priority--) {
		if (!scan.priority)
			rss_pending_drain(false);
		rss_shrink_subtree(root, &scan);
		if (rss_scan_done(&scan))
			break;
	}

	if (scan.used)
		rss_show_use_again();
	memalloc_noreclaim_restore(noreclaim_flag);
	fs_reclaim_release(GFP_HIGHUSER_MOVABLE);
	psi_memstall_leave(&pflags);
	trace_rss_container_reclaim_end(rss_trace_id(root), scan.nr_reclaimed,
					max(scan.priority, 0));

	atomic_long_add(scan.nr_reclaimed, &root->reclaimed);
	if (busy)
		*busy = scan.busy;
	return scan.nr_reclaimed;
}

/* False after RSS_RECLAIM_RETRIES retries in a row without progress. */
static bool rss_try_again(int *retries, unsigned long progress, bool busy)
{
	if (progress) {
		*retries = RSS_RECLAIM_RETRIES;
		return true;
	}
	if (!(*retries)--)
		return false;
	if (busy)
		rss_await_busy();
	return true;
}

/**
 * rss_reclaim_pages - reclaim a number of pages on request
 * @rss: the container
 * @nr: number of pages
 *
 * Context: may sleep.
 * Return: 0; -EINTR on a signal; -EAGAIN if fewer could be reclaimed.
 */
int rss_reclaim_pages(struct rss_container *rss, unsigned long nr)
{
	int retries = RSS_RECLAIM_RETRIES;
	unsigned long reclaimed = 0;

	while (reclaimed < nr) {
		unsigned long batch = min(nr - reclaimed, RSS_RECLAIM_BATCH);
		unsigned long progress;
		bool busy;

		if (signal_pending(current))
			return -EINTR;
		progress = try_to_free_pages_in_container(rss, batch, false,
							  &busy);
		if (!rss_try_again(&retries, progress, busy))
			return -EAGAIN;
		reclaimed += progress;
		cond_resched();
	}
	return 0;
}

/**
 * rss_shrink_start - begin to shrink a container
 * @shrink: where to keep the progress
 * @rss: the container
 * @nr: most pages that it and its descendants may own
 */
void rss_shrink_start(struct rss_shrink *shrink, struct rss_container *rss,
		      unsigned long nr)
{
	unsigned long usage = res_counter_usage(&rss->res);

	shrink->retries = RSS_RECLAIM_RETRIES;
	shrink->budget = RSS_SHRINK_EFFORT *
			 max(usage - min(usage, nr), RSS_RECLAIM_BATCH);
}

/**
 * rss_shrink_usage_to - reclaim until usage is low enough
 * @rss: the container
 * @nr: most pages that it and its descendants may own
 * @shrink: set up by rss_shrink_start(); keeps the progress across calls
 *
 * Tasks that fault as fast as this reclaims must not keep it busy
 * indefinitely. So it gives up after reclaiming several times what was needed.
 *
 * Context: may sleep.
 * Return: 0; -EINTR on a signal; -EBUSY if reclaim makes no more progress.
 */
int rss_shrink_usage_to(struct rss_container *rss, unsigned long nr,
			struct rss_shrink *shrink)
{
	for (;;) {
		unsigned long usage, batch, progress;
		bool busy;

		rss_stock_drain(rss);
		usage = res_counter_usage(&rss->res);
		if (usage <= nr)
			return 0;
		if (signal_pending(current))
			return -EINTR;
		if (!shrink->budget)
			return -EBUSY;
		batch = min(usage - nr, RSS_RECLAIM_BATCH);
		progress = try_to_free_pages_in_container(rss, batch, false,
							  &busy);
		shrink->budget -= min(progress, shrink->budget);
		if (!rss_try_again(&shrink->retries, progress, busy))
			return -EBUSY;
		cond_resched();
	}
}
