// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: reclaim from a container.
 *
 * What reclaim has to reach is that pages are uncharged, not that memory is
 * freed. A file folio is done with when it is unmapped; it stays in the page
 * cache, clean or dirty, and needs no I/O. Anonymous folios go to swap. Slab
 * is not shrunk: nothing of it is charged, and making the kernel create its
 * objects anew would not give the container one page.
 */

#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/psi.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/swap.h>

#include <trace/events/rss_container.h>

#include "internal.h"
#include "rss.h"

/* How many turns may give nothing, at least, before priority rises. */
#define RSS_RECLAIM_MISSES	8

/**
 * struct rss_scan - state of one try_to_free_pages_in_container()
 * @nr_to_reclaim: pages that it was asked for
 * @nr_reclaimed: pages uncharged so far
 * @nr_scanned: pages looked at so far
 * @batch: most pages of a list to look at before it is the next one's turn
 * @priority: this part of each list is scanned, size >> priority
 * @urgent: a task waits for room; else there is time to find out what is in use
 */
struct rss_scan {
	unsigned long nr_to_reclaim;
	unsigned long nr_reclaimed;
	unsigned long nr_scanned;
	unsigned long batch;
	int priority;
	bool urgent;
};

static bool rss_scan_done(struct rss_scan *scan)
{
	return scan->nr_reclaimed >= scan->nr_to_reclaim ||
	       fatal_signal_pending(current);
}

static unsigned long rss_urgent(struct rss_scan *scan)
{
	return scan->urgent ? scan->nr_to_reclaim - scan->nr_reclaimed : 0;
}

static void rss_shrink_pages(struct rss_isolate *iso, bool ignore_references)
{
	LIST_HEAD(folios);

	shrink_isolated_pages(NODE_DATA(iso->nid), rss_isolate_pages, iso,
			      ignore_references, &folios);
	rss_putback_pages(iso, &folios);
}

/* At each level, so that nothing is forgotten when a container goes. */
static void rss_count_scan(struct rss_container *rss, struct rss_isolate *iso)
{
	for (; rss; rss = css_to_rss(rss->css.parent)) {
		atomic_long_add(iso->nr_mapped, &rss->scanned);
		atomic_long_add(iso->nr_uncharged, &rss->stolen);
	}
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
			.nr_to_scan = SWAP_CLUSTER_MAX,
			.nr_urgent = rss_urgent(scan),
		};

		if (list == RSS_UNEVICTABLE)
			rss_sort_pages(&iso);
		else if (list == RSS_INACTIVE_FILE)
			rss_unmap_pages(&iso, !scan->priority);
		else
			rss_shrink_pages(&iso, !scan->priority);
		rss_count_scan(rss, &iso);

		if (!iso.nr_scanned)
			break;
		nr_scanned += iso.nr_scanned;
		scan->nr_scanned += iso.nr_scanned;
		scan->nr_reclaimed += iso.nr_uncharged;
		cond_resched();
	}
}

/* How much of a list of @size pages to scan; small ones are not rounded off. */
static unsigned long rss_scan_target(unsigned long size, struct rss_scan *scan)
{
	return min(scan->batch, max(size >> scan->priority,
				    min(size, SWAP_CLUSTER_MAX)));
}

/*
 * Scans an inactive list, after filling it from the active one if that got to
 * be the longer.
 */
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

/* Down to this priority the two kinds of pages are looked at in proportion. */
#define RSS_BALANCED_PRIORITY	3
#define RSS_DUE_SHIFT		8
#define RSS_FILE_BIAS		8

/*
 * So many anonymous pages are to be looked at for @scanned ones of files, by what
 * there is of either and by swappiness, times 1 << RSS_DUE_SHIFT. Swappiness is
 * about I/O for both kinds. Here those of files need none, which shifts it by
 * RSS_FILE_BIAS.
 */
static unsigned long rss_anon_due(unsigned long scanned, unsigned long file,
				  unsigned long anon, unsigned int swappiness)
{
	return mul_u64_u64_div_u64(anon, ((u64)scanned * swappiness) << RSS_DUE_SHIFT,
				   (u64)file * (200 - swappiness) * RSS_FILE_BIAS);
}

/*
 * File pages first: unmapping them is cheap, and so is mapping them again.
 * Anonymous ones get their turn when as many are due as are scanned at once: a
 * few among many file pages would be swapped out and in all the time otherwise.
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
	unsigned long scanned;

	/* Something may have been munlocked; only a scan finds out. */
	if (!scan->priority)
		rss_shrink_list(rss, nid, RSS_UNEVICTABLE,
				rss_scan_target(READ_ONCE(size[RSS_UNEVICTABLE]),
						scan), scan);

	if (balanced && anon && due >= min(anon, SWAP_CLUSTER_MAX)) {
		WRITE_ONCE(node->anon_due, 0);
		rss_shrink_type(rss, nid, RSS_INACTIVE_ANON, RSS_ACTIVE_ANON,
				scan);
	}

	scanned = scan->nr_scanned;
	rss_shrink_type(rss, nid, RSS_INACTIVE_FILE, RSS_ACTIVE_FILE, scan);
	scanned = scan->nr_scanned - scanned;
	if (balanced)
		WRITE_ONCE(node->anon_due, READ_ONCE(node->anon_due) +
			   rss_anon_due(scanned, file, anon, swappiness));
	else
		rss_shrink_type(rss, nid, RSS_INACTIVE_ANON, RSS_ACTIVE_ANON,
				scan);
}

/* Pages of a container that reclaim could get at, as of the last scans. */
static unsigned long rss_reclaimable(struct rss_container *rss, int nid)
{
	unsigned long *size = rss->node[nid]->size;
	unsigned long nr;

	nr = READ_ONCE(size[RSS_INACTIVE_FILE]) +
	     READ_ONCE(size[RSS_ACTIVE_FILE]);
	if (get_nr_swap_pages() > 0)
		nr += READ_ONCE(size[RSS_INACTIVE_ANON]) +
		      READ_ONCE(size[RSS_ACTIVE_ANON]);
	return nr;
}

static void rss_shrink_container(struct rss_container *rss,
				 struct rss_scan *scan)
{
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		if (rss_scan_done(scan))
			break;
		rss_shrink_node(rss, nid, scan);
	}
}

static void rss_shrink_all(struct rss_container *root, struct rss_scan *scan)
{
	struct rss_container *pos;

	rss_for_each_in_subtree(pos, root) {
		rss_shrink_container(pos, scan);
		if (!rss_scan_done(scan))
			continue;
		rss_put(pos);
		return;
	}
}

/*
 * Those below a limit give in proportion to what they have. Each time, it is the
 * turn of who has given the smallest share of its own so far: @turn adds these
 * shares up. Pages looked at in vain count for a little, so that those in use
 * all the time don't stop the others from being asked.
 *
 * A share is a part of 1 << RSS_TURN_WHOLE_SHIFT, a page in vain 1 / RSS_TURN_VAIN
 * of one that was taken.
 */
#define RSS_TURN_WHOLE_SHIFT	32
#define RSS_TURN_VAIN		8

/**
 * struct rss_victim - whose turn it is
 * @rss: the container, with a reference; NULL if there is none
 * @nid: the node
 * @size: its pages there that reclaim could get at
 * @turn: where it has got to
 */
struct rss_victim {
	struct rss_container *rss;
	int nid;
	unsigned long size;
	u64 turn;
};

/* Who is new here, or had nothing to give, starts with the last of the others. */
static u64 rss_node_turn(struct rss_container *root, struct rss_node *node)
{
	u64 turn = READ_ONCE(root->turn);

	if (READ_ONCE(node->turn_root) != root->css.id)
		return turn;
	return max(turn, READ_ONCE(node->turn));
}

static void rss_see_victim(struct rss_victim *victim,
			   struct rss_container *rss, int nid,
			   unsigned long size, u64 turn)
{
	if (victim->rss && victim->turn <= turn)
		return;
	rss_put(victim->rss);
	css_get(&rss->css);
	*victim = (struct rss_victim) { rss, nid, size, turn };
}

/* Returns the pages of all in @root that reclaim could get at. */
static unsigned long rss_next_victim(struct rss_container *root,
				     struct rss_victim *victim)
{
	struct rss_container *pos;
	unsigned long total = 0;
	int nid;

	victim->rss = NULL;
	rss_for_each_in_subtree(pos, root) {
		for_each_node_state(nid, N_MEMORY) {
			unsigned long size = rss_reclaimable(pos, nid);

			if (!size)
				continue;
			rss_see_victim(victim, pos, nid, size,
				       rss_node_turn(root, pos->node[nid]));
			total += size;
		}
	}
	if (victim->rss)
		WRITE_ONCE(root->turn, victim->turn);
	return total;
}

static void rss_end_turn(struct rss_container *root, struct rss_victim *victim,
			 unsigned long taken, unsigned long vain)
{
	struct rss_node *node = victim->rss->node[victim->nid];
	u64 given = ((u64)taken * RSS_TURN_VAIN + vain) << RSS_TURN_WHOLE_SHIFT;

	given = div64_u64(given, (u64)victim->size * RSS_TURN_VAIN);
	WRITE_ONCE(node->turn, victim->turn + given);
	WRITE_ONCE(node->turn_root, root->css.id);
	rss_put(victim->rss);
}

/*
 * One after another, until so many pages as this priority says were scanned in
 * vain. A turn is one batch however much is wanted.
 */
static void rss_shrink_in_turn(struct rss_container *root,
			       struct rss_scan *scan)
{
	unsigned long wanted = scan->nr_to_reclaim;
	unsigned long all_vain = 0, most = 1;

	scan->batch = SWAP_CLUSTER_MAX;
	while (all_vain < most && scan->nr_reclaimed < wanted) {
		unsigned long reclaimed = scan->nr_reclaimed;
		unsigned long scanned = scan->nr_scanned;
		unsigned long taken, vain;
		struct rss_victim victim;

		most = rss_next_victim(root, &victim) >> scan->priority;
		most = max(most, RSS_RECLAIM_MISSES * SWAP_CLUSTER_MAX);
		if (!victim.rss)
			break;
		scan->nr_to_reclaim = min(wanted, reclaimed + SWAP_CLUSTER_MAX);
		rss_shrink_node(victim.rss, victim.nid, scan);
		taken = scan->nr_reclaimed - reclaimed;
		vain = scan->nr_scanned - scanned;
		vain = max(vain - min(vain, taken), 1UL);
		rss_end_turn(root, &victim, taken, vain);
		if (!taken)
			all_vain += vain;
		if (fatal_signal_pending(current))
			break;
	}
	scan->nr_to_reclaim = wanted;
	scan->batch = ULONG_MAX;
}

/*
 * With descendants they take turns. In the end all is tried, one container
 * after another, before nothing can be reclaimed.
 */
static void rss_shrink_subtree(struct rss_container *root,
			       struct rss_scan *scan)
{
	bool turns = css_has_online_children(&root->css);

	if (turns)
		rss_shrink_in_turn(root, scan);
	if (!rss_scan_done(scan) && (!turns || !scan->priority))
		rss_shrink_all(root, scan);
}

/**
 * try_to_free_pages_in_container - make a container own fewer pages
 * @root: the container; pages are taken from its descendants, too
 * @nr_pages: how many are wanted
 * @urgent: whether a task waits for the room
 *
 * The time is accounted as a stall for memory (PSI).
 *
 * Context: may sleep, for I/O as well.
 * Return: how many pages were uncharged; more or fewer than were wanted.
 */
unsigned long try_to_free_pages_in_container(struct rss_container *root,
					     unsigned long nr_pages,
					     bool urgent)
{
	struct rss_scan scan = {
		.nr_to_reclaim = nr_pages,
		.batch = ULONG_MAX,
		.urgent = urgent,
	};
	unsigned int noreclaim_flag;
	unsigned long pflags;

	trace_rss_container_reclaim_begin(rss_trace_id(root), nr_pages);
	psi_memstall_enter(&pflags);
	fs_reclaim_acquire(GFP_HIGHUSER_MOVABLE);
	noreclaim_flag = memalloc_noreclaim_save();

	/* Folios of ours that were mapped just now can't be isolated before. */
	lru_add_drain();
	for (scan.priority = DEF_PRIORITY; scan.priority >= 0;
	     scan.priority--) {
		/* Nor can those mapped on other CPUs, which is dearer. */
		if (!scan.priority)
			lru_add_drain_all();
		rss_shrink_subtree(root, &scan);
		if (rss_scan_done(&scan))
			break;
	}

	memalloc_noreclaim_restore(noreclaim_flag);
	fs_reclaim_release(GFP_HIGHUSER_MOVABLE);
	psi_memstall_leave(&pflags);
	trace_rss_container_reclaim_end(rss_trace_id(root), scan.nr_reclaimed,
					max(scan.priority, 0));

	atomic_long_add(scan.nr_reclaimed, &root->reclaimed);
	return scan.nr_reclaimed;
}

/**
 * rss_reclaim_pages - reclaim so many pages on request
 * @rss: the container
 * @nr: how many
 *
 * Context: may sleep.
 * Return: 0; -EINTR if a signal came in between; -EAGAIN if fewer could be.
 */
int rss_reclaim_pages(struct rss_container *rss, unsigned long nr)
{
	int retries = RSS_RECLAIM_RETRIES;
	unsigned long reclaimed = 0;

	while (reclaimed < nr) {
		unsigned long batch = min(nr - reclaimed, RSS_RECLAIM_BATCH);
		unsigned long progress;

		if (signal_pending(current))
			return -EINTR;
		progress = try_to_free_pages_in_container(rss, batch, false);
		if (progress)
			retries = RSS_RECLAIM_RETRIES;
		else if (!retries--)
			return -EAGAIN;
		reclaimed += progress;
		cond_resched();
	}
	return 0;
}

/**
 * rss_shrink_start - begin to shrink a container
 * @shrink: where to keep how it goes
 * @rss: the container
 * @nr: pages that it and its descendants may own at most
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
 * @nr: pages that it and its descendants may own at most
 * @shrink: begun by rss_shrink_start(); keeps count over several calls
 *
 * Tasks that fault as fast as this reclaims must not keep it here for ever. So
 * it gives up when it has reclaimed several times what there was to do.
 *
 * Context: may sleep.
 * Return: 0; -EINTR if a signal came in between; -EBUSY if reclaim makes no
 * more progress.
 */
int rss_shrink_usage_to(struct rss_container *rss, unsigned long nr,
			struct rss_shrink *shrink)
{
	for (;;) {
		unsigned long usage, batch, progress;

		rss_stock_drain(rss);
		usage = res_counter_usage(&rss->res);
		if (usage <= nr)
			return 0;
		if (signal_pending(current))
			return -EINTR;
		if (!shrink->budget)
			return -EBUSY;
		batch = min(usage - nr, RSS_RECLAIM_BATCH);
		progress = try_to_free_pages_in_container(rss, batch, false);
		shrink->budget -= min(progress, shrink->budget);
		if (progress)
			shrink->retries = RSS_RECLAIM_RETRIES;
		else if (!shrink->retries--)
			return -EBUSY;
		cond_resched();
	}
}
