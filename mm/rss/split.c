// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: splitting underused huge pages.
 *
 * Far from the limit, a fault maps a huge page, however little of it the task
 * will touch. At the limit, without swap, a task that has touched less than
 * its limit would be killed for the rest. Splitting a huge page replaces pages
 * that hold only zeroes by the zero page, which uncharges them. This is the
 * last resort before a kill, and splits only huge pages with such pages.
 */

#include <linux/highmem.h>
#include <linux/huge_mm.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include <linux/swap.h>

#include "../internal.h"
#include "rss.h"

static bool rss_is_zero(struct page *page)
{
	void *addr = kmap_local_page(page);
	bool zero = !memchr_inv(addr, 0, PAGE_SIZE);

	kunmap_local(addr);
	return zero;
}

static bool rss_has_zero_page(struct folio *folio)
{
	unsigned long i;

	for (i = 0; i < folio_nr_pages(folio); i++)
		if (rss_is_zero(folio_page(folio, i)))
			return true;
	return false;
}

/* The charged pages of the @nr pages from record @pc on. */
static unsigned long rss_charged(struct page_container *pc, unsigned long nr)
{
	unsigned long charged = 0, i;

	for (i = 0; i < nr; i++)
		charged += rss_state_nr(page_container_state(pc + i));
	return charged;
}

/* Returns the number of pages uncharged. */
static unsigned long rss_split_one(struct rss_isolate *iso, struct folio *folio)
{
	struct page_container *pc = rss_folio_record(folio);
	unsigned long nr = folio_nr_pages(folio), before, after;

	if (!folio_trylock(folio))
		return 0;
	before = rss_state_nr(rss_isolate_state(iso, pc));
	after = before;
	if (before && folio_test_anon(folio) && folio_test_pmd_mappable(folio) &&
	    rss_has_zero_page(folio) && !split_folio(folio))
		after = rss_charged(pc, nr);
	folio_unlock(folio);
	return before - min(before, after);
}

static unsigned long rss_split_list(struct rss_container *rss, int nid,
				    enum rss_list list, unsigned long wanted)
{
	unsigned long size = READ_ONCE(rss->node[nid]->size[list]);
	struct folio *folios[SWAP_CLUSTER_MAX];
	struct rss_isolate iso = {
		.rss = rss,
		.nid = nid,
		.list = list,
		.huge = true,
		.nr_to_scan = size,
	};
	unsigned long uncharged = 0, scanned;
	unsigned int i, nr;

	/* Once around: pages that were checked rotate to the other end. */
	do {
		scanned = iso.nr_scanned;
		nr = rss_grab_folios(&iso, folios);
		for (i = 0; i < nr; i++) {
			if (uncharged < wanted && folio_test_large(folios[i]))
				uncharged += rss_split_one(&iso, folios[i]);
			folio_put(folios[i]);
		}
		cond_resched();
	} while (iso.nr_scanned > scanned && iso.nr_scanned < size &&
		 uncharged < wanted && !fatal_signal_pending(current));

	return uncharged;
}

static unsigned long rss_split_container(struct rss_container *rss,
					 unsigned long wanted)
{
	unsigned long uncharged = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY) {
		uncharged += rss_split_list(rss, nid, RSS_INACTIVE_ANON,
					    wanted);
		uncharged += rss_split_list(rss, nid, RSS_ACTIVE_ANON, wanted);
	}
	return uncharged;
}

/**
 * rss_split_underused - split huge pages to uncharge their zero-filled pages
 * @root: the container at the top of the subtree
 * @wanted: stop after this many pages
 *
 * Context: may sleep.
 * Return: number of pages uncharged.
 */
unsigned long rss_split_underused(struct rss_container *root,
				  unsigned long wanted)
{
	struct rss_container *pos;
	unsigned long uncharged = 0;

	if (!global_node_page_state(NR_ANON_THPS))
		return 0;
	rss_for_each_in_subtree(pos, root) {
		uncharged += rss_split_container(pos, wanted);
		if (uncharged < wanted)
			continue;
		rss_put(pos);
		break;
	}
	return uncharged;
}
