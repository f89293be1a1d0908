/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: the fast path of __handle_mm_fault(), inlined.
 */
#ifndef _MM_RSS_FAULT_H
#define _MM_RSS_FAULT_H

#include <linux/rss_container.h>

#ifdef CONFIG_RSS_CONTAINER

#include "rss.h"

vm_fault_t __rss_prepare_fault(struct vm_fault *vmf);

/*
 * Whether a fault needs no preparation: a page in stock is below all limits. A
 * task that exceeded one has no stock, and resolves that before it proceeds.
 * An offline container soon has no stock; pages that it lets pass are counted
 * further up, where rss_exceeded() handles them.
 */
static __always_inline bool rss_ready(struct mm_struct *mm)
{
	struct rss_container *rss;
	bool ready;

	rcu_read_lock();
	rss = rcu_dereference(mm->rss_container);
	ready = !rss || likely(this_cpu_read(rss->cpu->stock) > 0);
	rcu_read_unlock();

	return ready;
}

/**
 * rss_prepare_fault - make sure that the container has room for a fault
 * @vmf: the fault; its vma, address and flags are set
 *
 * Context: mmap_lock or the VMA lock held, as for handle_mm_fault(). May
 * sleep, reclaim and kill.
 * Return: 0; VM_FAULT_RETRY, with the lock released, if the task was killed or
 * had to wait because nothing can be reclaimed or killed; VM_FAULT_OOM for a
 * kernel fault that can't be held up, after too many of them.
 */
static __always_inline vm_fault_t rss_prepare_fault(struct vm_fault *vmf)
{
	if (!rss_container_enabled() || rss_ready(vmf->vma->vm_mm))
		return 0;
	return __rss_prepare_fault(vmf);
}

#else /* !CONFIG_RSS_CONTAINER */

static inline vm_fault_t rss_prepare_fault(struct vm_fault *vmf)
{
	return 0;
}

#endif /* CONFIG_RSS_CONTAINER */

#endif /* _MM_RSS_FAULT_H */
