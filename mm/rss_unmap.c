// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: taking folios of files out of all page tables.
 *
 * That is all a container wants of them, so they are left where they are on
 * the global LRU and in the page cache, dirty or under writeback as they may
 * be. Going through shrink_folio_list() would take each off its lruvec and put
 * it back, only to have it kept.
 */

#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/page_idle.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/swap.h>

#include "internal.h"
#include "rss.h"

/**
 * struct rss_use - how page tables say that a folio is used
 * @young: entries by which it was accessed since the last look
 * @keep: code, which is dear to do without
 */
struct rss_use {
	unsigned int young;
	bool keep;
};

/*
 * folio_referenced() would do, but with MGLRU it ages what is mapped around the
 * folio, too, which then looks unused when the container gets there.
 */
static bool rss_see_use(struct folio *folio, struct vm_area_struct *vma,
			unsigned long address, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, address, 0);
	struct rss_use *use = arg;
	bool young = false;

	while (page_vma_mapped_walk(&pvmw)) {
		if (pvmw.pte)
			young |= ptep_clear_young_notify(vma, pvmw.address,
							 pvmw.pte);
		else if (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
			young |= pmdp_clear_young_notify(vma, pvmw.address,
							 pvmw.pmd);
	}

	if (young) {
		use->young++;
		use->keep |= vma->vm_flags & VM_EXEC;
	}
	return true;
}

enum rss_verdict {
	RSS_UNMAP,
	RSS_ROTATE,
	RSS_ACTIVATE,
};

/*
 * Used once is not used often: that takes another use until the next look, or
 * one by somebody else. For global reclaim PG_referenced stands for what was
 * found in the page tables, as it can't see that any more.
 *
 * @once: the fault that mapped it is use enough to explain what is found. It
 * is not worth a second look then, which costs as much as to map it again.
 */
static enum rss_verdict rss_judge_folio(struct folio *folio, bool once)
{
	struct rss_use use = { };
	struct rmap_walk_control rwc = {
		.arg = &use,
		.rmap_one = rss_see_use,
		.try_lock = true,
	};
	bool before;

	rmap_walk(folio, &rwc);
	if (rwc.contended)
		return RSS_ROTATE;

	if (use.young)
		folio_clear_idle(folio);
	if (folio_test_clear_young(folio))
		use.young++;
	before = folio_test_clear_referenced(folio);
	if (!use.young)
		return RSS_UNMAP;

	folio_set_referenced(folio);
	if (use.young > 1 || use.keep)
		return RSS_ACTIVATE;
	if (once)
		return RSS_UNMAP;
	return before ? RSS_ACTIVATE : RSS_ROTATE;
}

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
 * Returns true if the folio was unmapped, as far as possible, and stays locked
 * until the TLB is flushed.
 */
static bool rss_unmap_one(struct rss_isolate *iso, struct folio *folio,
			  bool once, bool ignore_references)
{
	struct page_container *pc = rss_folio_record(folio);
	enum rss_verdict verdict = RSS_UNMAP;
	unsigned int nr, left;
	u64 state;

	/*
	 * Who has just allocated a folio writes its flags without atomics: not
	 * even the lock may be touched then.
	 */
	if (!rss_isolate_state(iso, pc) || !folio_trylock(folio))
		return false;

	state = rss_isolate_state(iso, pc);
	nr = rss_state_nr(state);
	if (!nr)
		goto unlock;
	iso->nr_mapped += nr;
	if (folio_test_anon(folio) || folio_test_mlocked(folio)) {
		rss_sort_folio(iso->rss, folio, false);
		goto unlock;
	}

	if (!ignore_references)
		verdict = rss_judge_folio(folio, once);
	if (verdict == RSS_ACTIVATE)
		rss_sort_folio(iso->rss, folio, true);
	if (verdict != RSS_UNMAP)
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
 * A small folio of which only the fault that mapped it is known, as long as
 * somebody waits for its page. A large one takes many faults to map again.
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
 * @ignore_references: unmap those that are in use, too
 *
 * Nothing may write to a folio by a stale TLB entry once it is unlocked: whoever
 * cleans it then can't see that in a page table any more.
 *
 * Context: may sleep.
 */
void rss_unmap_pages(struct rss_isolate *iso, bool ignore_references)
{
	struct folio *folios[SWAP_CLUSTER_MAX];
	unsigned int i, nr, unmapped = 0;

	nr = rss_grab_folios(iso, folios);
	for (i = 0; i < nr; i++) {
		if (rss_unmap_one(iso, folios[i],
				  rss_used_once(iso, i, folios[i]),
				  ignore_references))
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
