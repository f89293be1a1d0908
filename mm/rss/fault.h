/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: what each fault looks at, inlined into __handle_mm_fault().
 */
#ifndef _MM_RSS_FAULT_H
#define _MM_RSS_FAULT_H

#include <linux/rss_container.h>

#ifdef CONFIG_RSS_CONTAINER

#include "rss.h"

vm_fault_t __rss_prepare_fault(struct vm_fault *vmf);

/*
 * Whether nothing is to be done before a fault: a page in stock is below all
 * limits. Who went past one has no stock, and resolves that before it goes on.
 * A container that is offline has no stock for long; what it lets pass counts
 * further up, where rss_exceeded() sees to it.
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
 * rss_prepare_fault - see that the container has room for a fault
 * @vmf: the fault; its vma, address and flags are set
 *
 * Context: mmap_lock or the VMA lock held, as for handle_mm_fault(). May
 * sleep, reclaim and kill.
 * Return: 0; VM_FAULT_RETRY, with the lock released, if the task is to die or
 * had to wait since nothing can be reclaimed or killed; VM_FAULT_OOM for a fault
 * of the kernel that can't be held up, once there were too many of them.
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
