// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: whether page tables show that a folio is in use.
 *
 * folio_referenced() is not used: with MGLRU it also clears the accessed bits
 * around the folio. It notes them in the generations of the lruvec, which
 * containers do not use, so the neighbours would look unused here.
 */

#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/page_idle.h>
#include <linux/rmap.h>

#include <asm/tlbflush.h>

#include "../internal.h"
#include "rss.h"

/**
 * struct rss_use - what page tables show about the use of a folio
 * @young: VMAs through which it was accessed since the last check
 * @keep: it was accessed as code, which is expensive to evict
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
		/* Not present: a device has exclusive access to the page. */
		if (pvmw.pte && !pte_present(ptep_get(pvmw.pte)))
			continue;
		/* A flush for a huge page might wait for other CPUs. */
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
 * rss_judge_folio - check whether a folio is in use
 * @folio: the folio, locked
 * @once: the fault that mapped it explains a single use. It is not worth a
 *	second check, which costs as much as mapping it again
 *
 * A single use does not activate: that takes another use before the next
 * check, or one through another VMA. PG_referenced tells global reclaim what
 * was found, as the page tables no longer do.
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
 * rss_show_use_again - make page tables show what the task uses from now on
 *
 * Some architectures clear the accessed bit but leave the TLB entry, so that
 * further use does not show. Elsewhere the next context switch solves that. A
 * task that keeps reclaiming from itself would lose what it uses most. If its
 * mm has run on several CPUs, the flush for the unmapped pages has already
 * gone to all of them.
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
