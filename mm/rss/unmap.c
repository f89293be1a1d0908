// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: unmapping file folios.
 *
 * A container only needs file folios unmapped. They stay on the global LRU and
 * in the page cache, even dirty or under writeback. shrink_folio_list() would
 * take each folio off its lruvec and put it back, only to keep it.
 */

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "../internal.h"
#include "rss.h"

static void rss_unmap_folio(struct folio *folio)
{
	enum ttu_flags flags = TTU_BATCH_FLUSH;

	if (folio_test_large(folio))
		flags |= TTU_SYNC;
	if (folio_test_pmd_mappable(folio))
		flags |= TTU_SPLIT_HUGE_PMD;
	try_to_unmap(folio, flags);
}

/*
 * Returns true if the folio was unmapped, as far as possible. It stays locked
 * until the TLB is flushed.
 */
static bool rss_unmap_one(struct rss_isolate *iso, struct folio *folio,
			  bool once)
{
	struct page_container *pc = rss_folio_record(folio);
	unsigned int nr, left;
	u64 state;

	/*
	 * The flags of a newly allocated folio are written without atomics.
	 * Not even the lock bit may be touched then.
	 */
	if (!rss_isolate_state(iso, pc) || !folio_trylock(folio)) {
		iso->busy = true;
		return false;
	}

	state = rss_isolate_state(iso, pc);
	nr = rss_state_nr(state);
	if (!nr)
		goto unlock;
	iso->nr_mapped += nr;
	if (folio_test_anon(folio) || folio_test_mlocked(folio)) {
		rss_sort_folio(iso->rss, folio, false);
		goto unlock;
	}

	if (!rss_isolate_judge(iso, folio, once))
		goto unlock;

	rss_unmap_folio(folio);
	left = rss_state_nr(page_container_state(pc));
	iso->nr_uncharged += nr - min(nr, left);
	/* It may have turned out to be mlocked. */
	if (left)
		rss_sort_folio(iso->rss, folio, false);
	return true;
unlock:
	folio_unlock(folio);
	return false;
}

/*
 * A small folio of which only the fault that mapped it is known, while a task
 * waits for its page. A large one takes many faults to map again.
 */
static bool rss_used_once(const struct rss_isolate *iso, unsigned int i,
			  struct folio *folio)
{
	return iso->new & BIT(i) && iso->nr_uncharged < iso->nr_urgent &&
	       !folio_test_large(folio);
}

/**
 * rss_unmap_pages - unmap folios from a container's list of file pages
 * @iso: which list, and how much of it
 *
 * Folios stay locked until the TLB is flushed: if an unlocked folio is
 * cleaned, no page table shows a later write through a stale TLB entry.
 *
 * Context: may sleep.
 */
void rss_unmap_pages(struct rss_isolate *iso)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int i, nr, unmapped = 0;

	nr = rss_grab_folios(iso, folios);
	for (i = 0; i < nr; i++) {
		if (rss_unmap_one(iso, folios[i],
				  rss_used_once(iso, i, folios[i])))
			folios[unmapped++] = folios[i];
		else
			folio_put(folios[i]);
	}

	try_to_unmap_flush();
	for (i = 0; i < unmapped; i++) {
		folio_unlock(folios[i]);
		folio_put(folios[i]);
	}
}
