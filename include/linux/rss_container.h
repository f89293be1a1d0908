/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: the interface to the rest of the kernel.
 *
 * Until the first container is created, each call is a static branch. Without
 * CONFIG_RSS_CONTAINER it is nothing.
 */
#ifndef _LINUX_RSS_CONTAINER_H
#define _LINUX_RSS_CONTAINER_H

#include <linux/jump_label.h>
#include <linux/mm_types.h>
#include <linux/page-flags.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

struct oom_control;
struct rss_container;

#ifdef CONFIG_RSS_CONTAINER

DECLARE_STATIC_KEY_FALSE(rss_container_key);

/* On once the first container was created, and never off again. */
static inline bool rss_container_enabled(void)
{
	return static_branch_unlikely(&rss_container_key);
}

void __mm_init_container(struct mm_struct *mm);
void __mm_free_container(struct mm_struct *mm);
void __mm_disown_container(struct mm_struct *mm);
void __mm_update_container(struct mm_struct *mm);

void __rss_hold_folio(struct folio *folio);
void __rss_migrate_folio(struct folio *src, struct folio *dst);
void __rss_split_folio(struct folio *folio, unsigned int nr);
void __rss_release_folios(struct folio *folio, unsigned int nr);

void __rss_charge_anon(struct folio *folio, struct rss_container *rss);
void __rss_charge_file(struct folio *folio, struct rss_container *rss);
void __rss_charge_new(struct folio *folio, struct rss_container *rss);
void __rss_charge_large(struct folio *folio, struct rss_container *rss);
void __rss_uncharge_folio(struct folio *folio, struct mm_struct *mm);
int __rss_prepare_charge(struct mm_struct *mm);
void __rss_prepare_unuse(struct mm_struct *mm);
bool __rss_has_room(struct mm_struct *mm, unsigned long nr);
bool __rss_has_room_for(struct mm_struct *mm, struct folio *folio);
bool __rss_may_fault_around(struct mm_struct *mm);
bool __rss_make_room(struct mm_struct *mm, unsigned long nr);
void __rss_handle_over_limit(void);
void __rss_event_oom_kill(struct mm_struct *mm);

/**
 * mm_init_container - put a new mm into the container of its creator
 * @mm: the mm, not visible to others yet
 *
 * A hint for pages that are mapped before the owner's container is final, see
 * mm_update_container().
 */
static inline void mm_init_container(struct mm_struct *mm)
{
	RCU_INIT_POINTER(mm->rss_container, NULL);
	INIT_LIST_HEAD(&mm->rss_ownerless);
	if (rss_container_enabled())
		__mm_init_container(mm);
}

/**
 * mm_disown_container - keep an mm in its container without an owner
 * @mm: the mm; its owner exits, and no other task has it
 *
 * References to it may remain, for example by /proc/PID/mem.
 *
 * Context: task, may not be atomic. It never gets an owner again.
 */
static inline void mm_disown_container(struct mm_struct *mm)
{
	if (rss_container_enabled())
		__mm_disown_container(mm);
}

/**
 * mm_free_container - drop the container of an mm
 * @mm: an mm without users; may be called twice
 */
static inline void mm_free_container(struct mm_struct *mm)
{
	if (rss_container_enabled())
		__mm_free_container(mm);
}

/**
 * mm_update_container - move an mm to the container of its owner
 * @mm: the mm
 *
 * Context: task_lock() of mm->owner.
 */
static inline void mm_update_container(struct mm_struct *mm)
{
	if (rss_container_enabled())
		__mm_update_container(mm);
}

static __always_inline void rss_charge_small(struct folio *folio,
					     struct rss_container *rss)
{
	if (folio_test_anon(folio))
		__rss_charge_anon(folio, rss);
	else
		__rss_charge_file(folio, rss);
}

/* @small: for a small folio, if the mm is in a container. */
static __always_inline void
rss_charge_by(void (*small)(struct folio *folio, struct rss_container *rss),
	      struct folio *folio, struct vm_area_struct *vma)
{
	struct rss_container *rss;

	rcu_read_lock();
	rss = rcu_dereference(vma->vm_mm->rss_container);
	/* Without an owner, large folios need a mark, small ones do not. */
	if (folio_test_large(folio))
		__rss_charge_large(folio, rss);
	else if (rss)
		small(folio, rss);
	rcu_read_unlock();
}

/**
 * rss_charge_folio - charge newly mapped pages to their first toucher
 * @folio: the folio; its map counts were already raised
 * @vma: where it is mapped
 * @changed: false if all of the pages were mapped somewhere before
 *
 * Context: page table lock held. Does not fail: pages that are not in stock
 * are charged past the limit, and reclaimed before the task continues.
 */
static inline void rss_charge_folio(struct folio *folio,
				    struct vm_area_struct *vma, bool changed)
{
	if (changed && rss_container_enabled())
		rss_charge_by(rss_charge_small, folio, vma);
}

/**
 * rss_charge_new_folio - the same for a folio that was never mapped before
 * @folio: the folio, anonymous
 * @vma: where it is mapped
 *
 * Context: page table lock held; the page table entry is not set yet.
 */
static inline void rss_charge_new_folio(struct folio *folio,
					struct vm_area_struct *vma)
{
	if (rss_container_enabled())
		rss_charge_by(__rss_charge_new, folio, vma);
}

/**
 * rss_uncharge_folio - uncharge pages that are no longer mapped anywhere
 * @folio: the folio; its map counts were already lowered
 * @vma: where it was mapped
 * @changed: false if all of the pages are still mapped somewhere
 *
 * Context: page table lock held.
 */
static inline void rss_uncharge_folio(struct folio *folio,
				      struct vm_area_struct *vma, bool changed)
{
	if (changed && rss_container_enabled())
		__rss_uncharge_folio(folio, vma->vm_mm);
}

/**
 * rss_hold_folio - make a folio keep its owner while it is briefly unmapped
 * @folio: the folio, about to be unmapped and mapped again
 *
 * Context: folio lock held, until rss_release_folio().
 */
static inline void rss_hold_folio(struct folio *folio)
{
	if (rss_container_enabled())
		__rss_hold_folio(folio);
}

/**
 * rss_migrate_folio - pass a held record on to the folio's replacement
 * @src: the unmapped folio; nothing happens if it is not held
 * @dst: the folio that will be mapped in its place
 *
 * Context: locks of both folios held.
 */
static inline void rss_migrate_folio(struct folio *src, struct folio *dst)
{
	if (rss_container_enabled())
		__rss_migrate_folio(src, dst);
}

/**
 * rss_split_folio - share out a held record to the parts of a split folio
 * @folio: the first part
 * @nr: number of pages of all parts
 *
 * Context: locks of all parts held.
 */
static inline void rss_split_folio(struct folio *folio, unsigned int nr)
{
	if (rss_container_enabled())
		__rss_split_folio(folio, nr);
}

/**
 * rss_release_folio - make the charge of a held folio follow its mappings again
 * @folio: a folio that is mapped again; nothing happens if it is not held
 *
 * Context: folio lock held.
 */
static inline void rss_release_folio(struct folio *folio)
{
	if (rss_container_enabled())
		__rss_release_folios(folio, 1);
}

/**
 * rss_release_folios - release all parts of a split folio
 * @folio: the first part
 * @nr: number of pages of all parts
 *
 * Context: locks of all parts held.
 */
static inline void rss_release_folios(struct folio *folio, unsigned int nr)
{
	if (rss_container_enabled())
		__rss_release_folios(folio, nr);
}

/**
 * rss_prepare_charge - make sure that a container has room, outside of faults
 * @mm: where a page will be mapped
 *
 * For userfaultfd and fork().
 *
 * Context: may sleep, reclaim and kill.
 * Return: 0, or -ENOMEM if nothing can be reclaimed or killed.
 */
static inline int rss_prepare_charge(struct mm_struct *mm)
{
	if (rss_container_enabled() && rcu_access_pointer(mm->rss_container))
		return __rss_prepare_charge(mm);
	return 0;
}

/**
 * rss_prepare_unuse - make room for swapoff, as far as possible
 * @mm: where it will map pages
 *
 * Context: may sleep and reclaim. Never kills: an excess may remain until the
 * next charge of the container.
 */
static inline void rss_prepare_unuse(struct mm_struct *mm)
{
	if (rss_container_enabled() && rcu_access_pointer(mm->rss_container))
		__rss_prepare_unuse(mm);
}

/**
 * rss_prepare_collapse - does a container have room for a huge page?
 * @mm: where pages may be collapsed into one
 * @nr: number of its pages
 * @reclaim: whether to reclaim for it
 *
 * It is not known here how many of them are already charged. So close to the
 * limit nothing is collapsed, even if that would add no page.
 *
 * Context: may sleep and reclaim.
 * Return: false if there is no room.
 */
static inline bool rss_prepare_collapse(struct mm_struct *mm, unsigned long nr,
					bool reclaim)
{
	if (!rss_container_enabled() || !rcu_access_pointer(mm->rss_container))
		return true;
	return __rss_has_room(mm, nr) || (reclaim && __rss_make_room(mm, nr));
}

/**
 * rss_has_room - would a large folio fit under the limit?
 * @vma: where it would be mapped
 * @nr: number of its pages
 *
 * Close to the limit, a fault does without a large folio: without swap, the
 * excess could not be reclaimed, and a task within its limit would be killed.
 *
 * Return: false if it does not fit.
 */
static inline bool rss_has_room(struct vm_area_struct *vma, unsigned long nr)
{
	if (rss_container_enabled() &&
	    rcu_access_pointer(vma->vm_mm->rss_container))
		return __rss_has_room(vma->vm_mm, nr);
	return true;
}

/**
 * rss_has_room_for - would all of a folio fit under the limit?
 * @vma: where it would be mapped
 * @folio: the folio; its mapped pages are already charged
 *
 * The limit is that of its owner or, without an owner, that of the mapper.
 *
 * Return: false if it does not fit.
 */
static inline bool rss_has_room_for(struct vm_area_struct *vma,
				    struct folio *folio)
{
	if (rss_container_enabled() && folio_test_large(folio))
		return __rss_has_room_for(vma->vm_mm, folio);
	return true;
}

/**
 * rss_may_fault_around - may a fault also map the pages around its own?
 * @vma: where it is
 *
 * At the limit, each page that was not asked for displaces one in use.
 *
 * Return: false if the container is close to its limit.
 */
static inline bool rss_may_fault_around(struct vm_area_struct *vma)
{
	return !rss_container_enabled() || __rss_may_fault_around(vma->vm_mm);
}

/**
 * rss_handle_over_limit - bring the container of current back under its limit
 *
 * Context: return to user mode, no locks held. Sleeps, reclaims and kills.
 */
static inline void rss_handle_over_limit(void)
{
	if (rss_container_enabled())
		__rss_handle_over_limit();
}

/**
 * rss_event_oom_kill - count an OOM kill in the container of a task
 * @mm: the mm of the task
 */
static inline void rss_event_oom_kill(struct mm_struct *mm)
{
	if (rss_container_enabled())
		__rss_event_oom_kill(mm);
}

void rss_container_scan_tasks(struct rss_container *rss,
			      int (*fn)(struct task_struct *task, void *arg),
			      void *arg);
unsigned long rss_container_limit(struct rss_container *rss);
void rss_container_oom_report(struct rss_container *rss);

#else /* !CONFIG_RSS_CONTAINER */

static inline void mm_init_container(struct mm_struct *mm)
{
}

static inline void mm_disown_container(struct mm_struct *mm)
{
}

static inline void mm_free_container(struct mm_struct *mm)
{
}

static inline void mm_update_container(struct mm_struct *mm)
{
}

static inline void rss_charge_folio(struct folio *folio,
				    struct vm_area_struct *vma, bool changed)
{
}

static inline void rss_charge_new_folio(struct folio *folio,
					struct vm_area_struct *vma)
{
}

static inline void rss_uncharge_folio(struct folio *folio,
				      struct vm_area_struct *vma, bool changed)
{
}

static inline void rss_hold_folio(struct folio *folio)
{
}

static inline void rss_migrate_folio(struct folio *src, struct folio *dst)
{
}

static inline void rss_split_folio(struct folio *folio, unsigned int nr)
{
}

static inline void rss_release_folio(struct folio *folio)
{
}

static inline void rss_release_folios(struct folio *folio, unsigned int nr)
{
}

static inline int rss_prepare_charge(struct mm_struct *mm)
{
	return 0;
}

static inline void rss_prepare_unuse(struct mm_struct *mm)
{
}

static inline bool rss_prepare_collapse(struct mm_struct *mm, unsigned long nr,
					bool reclaim)
{
	return true;
}

/* Macros: inline functions would change the layout of the code around them. */
#define rss_has_room(vma, nr)	((void)(vma), (void)(nr), true)
#define rss_has_room_for(vma, folio)	((void)(vma), (void)(folio), true)

static inline bool rss_may_fault_around(struct vm_area_struct *vma)
{
	return true;
}

static inline void rss_handle_over_limit(void)
{
}

static inline void rss_event_oom_kill(struct mm_struct *mm)
{
}

static inline void
rss_container_scan_tasks(struct rss_container *rss,
			 int (*fn)(struct task_struct *task, void *arg),
			 void *arg)
{
}

static inline unsigned long rss_container_limit(struct rss_container *rss)
{
	return 0;
}

static inline void rss_container_oom_report(struct rss_container *rss)
{
}

#endif /* CONFIG_RSS_CONTAINER */

#endif /* _LINUX_RSS_CONTAINER_H */
