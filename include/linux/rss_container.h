/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: what the rest of the kernel calls.
 *
 * Each call costs a static branch until the first container is created, and
 * nothing at all without CONFIG_RSS_CONTAINER.
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

/* On from the creation of the first container for good. */
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
 * A hint for what is mapped before the owner's container is final, which
 * mm_update_container() says.
 */
static inline void mm_init_container(struct mm_struct *mm)
{
	RCU_INIT_POINTER(mm->rss_container, NULL);
	INIT_LIST_HEAD(&mm->rss_ownerless);
	if (rss_container_enabled())
		__mm_init_container(mm);
}

/**
 * mm_disown_container - let an mm stay in its container without an owner
 * @mm: the mm; its owner exits, no other task has it
 *
 * It may live on as long as somebody has a reference, by /proc/PID/mem for one.
 *
 * Context: task, may not be atomic. Nobody can become the owner any more.
 */
static inline void mm_disown_container(struct mm_struct *mm)
{
	if (rss_container_enabled())
		__mm_disown_container(mm);
}

/**
 * mm_free_container - let go of the container of an mm
 * @mm: an mm that nobody uses any more; may be called twice
 */
static inline void mm_free_container(struct mm_struct *mm)
{
	if (rss_container_enabled())
		__mm_free_container(mm);
}

/**
 * mm_update_container - let an mm follow its owner
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

/* @small: for a small folio of a task that is in a container. */
static __always_inline void
rss_charge_by(void (*small)(struct folio *folio, struct rss_container *rss),
	      struct folio *folio, struct vm_area_struct *vma, bool large)
{
	struct rss_container *rss;

	rcu_read_lock();
	rss = rcu_dereference(vma->vm_mm->rss_container);
	/* A page of nobody's needs no mark, part of a large folio does. */
	if (large)
		__rss_charge_large(folio, rss);
	else if (rss)
		small(folio, rss);
	rcu_read_unlock();
}

/**
 * rss_charge_folio - charge what became mapped to the first toucher
 * @folio: the folio, its map counts raised already
 * @vma: where it is mapped
 * @changed: false if all of the pages were mapped somewhere before
 *
 * Context: page table lock held. Does not fail; what the container has no
 * stock for is charged past the limit and reclaimed before the task goes on.
 */
static inline void rss_charge_folio(struct folio *folio,
				    struct vm_area_struct *vma, bool changed)
{
	if (changed && rss_container_enabled())
		rss_charge_by(rss_charge_small, folio, vma,
			      folio_test_large(folio));
}

/**
 * rss_charge_new_folio - the same for a folio that nobody mapped before
 * @folio: the folio, anonymous
 * @vma: where it is mapped
 * @nr: its pages
 *
 * Context: page table lock held, the page table entry is not set yet.
 */
static inline void rss_charge_new_folio(struct folio *folio,
					struct vm_area_struct *vma, int nr)
{
	if (rss_container_enabled())
		rss_charge_by(__rss_charge_new, folio, vma, nr > 1);
}

/**
 * rss_uncharge_folio - uncharge what is no longer mapped anywhere
 * @folio: the folio, its map counts lowered already
 * @vma: where it was mapped
 * @changed: false if all of the pages are mapped somewhere still
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
 * rss_hold_folio - let a folio keep its owner while it is unmapped
 * @folio: the folio, about to be unmapped in order to be mapped again
 *
 * Context: folio lock held, until rss_release_folio().
 */
static inline void rss_hold_folio(struct folio *folio)
{
	if (rss_container_enabled())
		__rss_hold_folio(folio);
}

/**
 * rss_migrate_folio - pass what is held on to the folio that takes the place
 * @src: a folio that is unmapped; nothing happens if it is not held
 * @dst: the folio that will be mapped instead
 *
 * Context: locks of both folios held.
 */
static inline void rss_migrate_folio(struct folio *src, struct folio *dst)
{
	if (rss_container_enabled())
		__rss_migrate_folio(src, dst);
}

/**
 * rss_split_folio - share what is held out to the parts of a split folio
 * @folio: the first of them
 * @nr: pages of all of them
 *
 * Context: locks of all parts held.
 */
static inline void rss_split_folio(struct folio *folio, unsigned int nr)
{
	if (rss_container_enabled())
		__rss_split_folio(folio, nr);
}

/**
 * rss_release_folio - charge a folio again for what of it is mapped
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
 * @folio: the first of them
 * @nr: pages of all of them
 *
 * Context: locks of all parts held.
 */
static inline void rss_release_folios(struct folio *folio, unsigned int nr)
{
	if (rss_container_enabled())
		__rss_release_folios(folio, nr);
}

/**
 * rss_prepare_charge - see that a container has room, where there is no fault
 * @mm: where a page will be mapped
 *
 * For userfaultfd and fork(), for one.
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
 * rss_prepare_unuse - make room for what swapoff will map, as far as possible
 * @mm: where it will
 *
 * Context: may sleep and reclaim. Kills nobody: what can't be reclaimed may
 * exceed the limit until the container charges something else.
 */
static inline void rss_prepare_unuse(struct mm_struct *mm)
{
	if (rss_container_enabled() && rcu_access_pointer(mm->rss_container))
		__rss_prepare_unuse(mm);
}

/**
 * rss_prepare_collapse - whether a container has room for a huge page
 * @mm: where pages may be collapsed into one
 * @nr: its pages
 * @reclaim: whether it is worth reclaiming for
 *
 * How many of them are charged already is not known here, so that close to
 * the limit nothing is collapsed even if that would add no page.
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
 * rss_has_room - whether a large folio would fit under the limit
 * @vma: where it would be mapped
 * @nr: its pages
 *
 * Close to the limit a fault does without a large folio: what exceeds the
 * limit can't be reclaimed without swap, and a task would be killed that has
 * touched less than it may.
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
 * rss_has_room_for - whether all of a folio would fit under the limit
 * @vma: where it would be mapped
 * @folio: the folio; what is mapped of it already is charged already
 *
 * The limit of its owner, if it has one, else that of the mapper.
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
 * rss_may_fault_around - whether a fault may map what is around its page, too
 * @vma: where it is
 *
 * At the limit, each page that nobody asked for costs one that is in use.
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
 * rss_event_oom_kill - tell a container that one of its tasks was killed
 * @mm: that of the task
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
					struct vm_area_struct *vma, int nr)
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

/* An inline function would be gone too late: code around it is laid out anew. */
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
