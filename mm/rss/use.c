// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: how page tables say that a folio is used.
 *
 * folio_referenced() would do, but with MGLRU it ages what is mapped around the
 * folio, too. That is noted for the generations of the lruvec, by which a
 * container does not go, and the neighbours look unused when it gets to them.
 */

#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/page_idle.h>
#include <linux/rmap.h>

#include <asm/tlbflush.h>

#include "../internal.h"
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

static bool rss_see_use(struct folio *folio, struct vm_area_struct *vma,
			unsigned long address, void *arg)
{
	DEFINE_FOLIO_VMA_WALK(pvmw, folio, vma, address, 0);
	struct rss_use *use = arg;
	bool young = false;

	while (page_vma_mapped_walk(&pvmw)) {
		/* One that is not present says that a device uses the page alone. */
		if (pvmw.pte && !pte_present(ptep_get(pvmw.pte)))
			continue;
		/* That of a huge page may wait for other CPUs. */
		if (pvmw.pte)
			young |= clear_flush_young_ptes_notify(vma,
					pvmw.address, pvmw.pte, 1);
		else if (IS_ENABLED(CONFIG_TRANSPARENT_HUGEPAGE))
			young |= pmdp_test_and_clear_young_notify(vma,
					pvmw.address, pvmw.pmd);
	}

	if (young) {
		use->young++;
		use->keep |= vma->vm_flags & VM_EXEC;
	}
	return true;
}

/**
 * rss_judge_folio - find out whether a folio is in use
 * @folio: the folio, locked
 * @once: the fault that mapped it is use enough to explain what is found. It is
 *	not worth a second look then, which costs as much as to map it again
 *
 * Used once is not used often: that takes another use until the next look, or
 * one by somebody else. For global reclaim PG_referenced stands for what was
 * found in the page tables, as it can't see that any more.
 *
 * Context: may sleep.
 * Return: what to do with it.
 */
enum rss_verdict rss_judge_folio(struct folio *folio, bool once)
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
		return RSS_EVICT;

	folio_set_referenced(folio);
	if (use.young > 1 || use.keep)
		return RSS_ACTIVATE;
	if (once)
		return RSS_EVICT;
	return before ? RSS_ACTIVATE : RSS_ROTATE;
}

/**
 * rss_show_use_again - let page tables tell of what the task uses from now on
 *
 * Some architectures clear that a page was accessed and leave it in the TLB; it
 * does not show then that it is in use. Elsewhere that is a matter of the next
 * switch to another task. A task that reclaims from itself, again and again, loses
 * what it uses most. Where its mm has run on several CPUs, the flush for what was
 * unmapped has gone to all of them.
 *
 * Context: any that may fault; interrupts no other CPU.
 */
void rss_show_use_again(void)
{
	struct mm_struct *mm = current->mm;

	if (!mm)
		return;
	preempt_disable();
	if (cpumask_any_but(mm_cpumask(mm), smp_processor_id()) >= nr_cpu_ids)
		flush_tlb_mm(mm);
	preempt_enable();
}
