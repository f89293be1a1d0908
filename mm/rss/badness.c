// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: which task of a full container to kill.
 *
 * It is the one whose death uncharges the most pages of the container. That is
 * not what the task has mapped: others may own some of it, or map it, too. So
 * the page tables are walked, and pages count that the subtree owns, each
 * divided by the number of its mappings. All swap entries count: they do not
 * record an owner.
 */

#include <linux/mm.h>
#include <linux/oom.h>
#include <linux/pagewalk.h>
#include <linux/percpu_counter.h>
#include <linux/rcupdate.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include "../internal.h"
#include "rss.h"

/* If an mm has more pages than this, only a sample is walked. */
#define RSS_WALK_MOST	BIT(20)

/* Fixed point, for fractions of a page. */
#define RSS_SHARE_SHIFT	8

/**
 * struct rss_owned - number of pages of an mm that a subtree owns
 * @root: the container at the top of the subtree
 * @stride: only each stride-th page table is walked
 * @id: id of the last container looked up
 * @inside: whether that is in the subtree
 * @shares: pages, shifted by RSS_SHARE_SHIFT
 */
struct rss_owned {
	struct rss_container *root;
	unsigned long stride;
	u32 id;
	bool inside;
	unsigned long shares;
};

/* RCU. */
static bool rss_owns(struct rss_owned *owned, struct folio *folio)
{
	struct page_container *pc = folio_page_container(folio);
	u64 state = pc ? page_container_state(pc) : 0;
	u32 id = rss_state_id(state);

	if (!rss_state_nr(state))
		return false;
	if (id != owned->id) {
		owned->id = id;
		owned->inside = rss_is_inside(rss_from_id(id), owned->root);
	}
	return owned->inside;
}

static void rss_add_owned(struct rss_owned *owned, struct folio *folio,
			  unsigned long nr)
{
	unsigned int mappings;

	if (!rss_owns(owned, folio))
		return;
	/* Large folios do not tell this page by page. */
	if (folio_test_large(folio))
		mappings = folio_maybe_mapped_shared(folio) ? 2 : 1;
	else
		mappings = max(folio_mapcount(folio), 1);
	owned->shares += (nr << RSS_SHARE_SHIFT) / mappings;
}

/* Returns true if it was a huge page. */
static bool rss_walk_huge(pmd_t *pmd, struct rss_owned *owned,
			  struct vm_area_struct *vma)
{
	spinlock_t *ptl = pmd_trans_huge_lock(pmd, vma);

	if (!ptl)
		return false;
	/* For sparse, which only knows about the unlocking. */
	__acquire(ptl);
	if (pmd_present(*pmd) && !is_huge_zero_pmd(*pmd))
		rss_add_owned(owned, page_folio(pmd_page(*pmd)),
			      PMD_SIZE >> PAGE_SHIFT);
	spin_unlock(ptl);
	return true;
}

static void rss_walk_table(pmd_t *pmd, unsigned long addr, unsigned long end,
			   struct rss_owned *owned, struct vm_area_struct *vma)
{
	pte_t *start_pte, *pte;
	struct folio *folio;
	spinlock_t *ptl;

	start_pte = pte_offset_map_lock(vma->vm_mm, pmd, addr, &ptl);
	if (!start_pte)
		return;
	__acquire(ptl);
	for (pte = start_pte; addr != end; pte++, addr += PAGE_SIZE) {
		pte_t entry = ptep_get(pte);

		if (!pte_present(entry))
			continue;
		folio = vm_normal_folio(vma, addr, entry);
		if (folio)
			rss_add_owned(owned, folio, 1);
	}
	pte_unmap_unlock(start_pte, ptl);
}

static int rss_walk_pmd(pmd_t *pmd, unsigned long addr, unsigned long end,
			struct mm_walk *walk)
{
	struct rss_owned *owned = walk->private;

	walk->action = ACTION_CONTINUE;
	if ((addr >> PMD_SHIFT) % owned->stride)
		return 0;
	rcu_read_lock();
	if (!rss_walk_huge(pmd, owned, walk->vma))
		rss_walk_table(pmd, addr, end, owned, walk->vma);
	rcu_read_unlock();
	cond_resched();
	return 0;
}

static const struct mm_walk_ops rss_walk_ops = {
	.pmd_entry = rss_walk_pmd,
	.walk_lock = PGWALK_RDLOCK,
};

/*
 * The pages of @mm that the subtree owns; @most if the lock is contended: it
 * might not be dropped before there is room.
 */
static unsigned long rss_owned_pages(struct rss_container *root,
				     struct mm_struct *mm, unsigned long most)
{
	struct rss_owned owned = {
		.root = root,
		.stride = DIV_ROUND_UP(most + 1, RSS_WALK_MOST),
	};

	if (!mmap_read_trylock(mm))
		return most;
	walk_page_range(mm, 0, ULONG_MAX, &rss_walk_ops, &owned);
	mmap_read_unlock(mm);
	return min(most, (owned.shares >> RSS_SHARE_SHIFT) * owned.stride);
}

/**
 * rss_get_candidate_mm - the mm of a process that a container may kill
 * @root: the container at the top of the subtree
 * @task: one of its tasks
 *
 * One task of each process counts: the leader, or the thread that took over
 * the mm from one that exited. If the mm belongs to a task outside, killing
 * would free nothing here.
 *
 * Return: the mm with a reference, or NULL.
 */
struct mm_struct *rss_get_candidate_mm(struct rss_container *root,
				       struct task_struct *task)
{
	struct task_struct *alive = find_lock_task_mm(task);
	struct mm_struct *mm = NULL;

	if (!alive)
		return NULL;
	/* For sparse, which only knows about the unlocking. */
	__acquire(&alive->alloc_lock);
	rcu_read_lock();
	if (rss_is_inside(mm_to_rss(alive->mm), root) &&
	    (thread_group_leader(task) ||
	     rcu_access_pointer(alive->mm->owner) == task))
		mm = alive->mm;
	rcu_read_unlock();
	if (mm)
		mmget(mm);
	task_unlock(alive);
	return mm;
}

/*
 * Whether a process outside uses the mm and would be killed along. mm_users
 * may exceed the number of threads for other reasons.
 */
static bool rss_is_shared_outside(struct rss_container *root,
				  struct task_struct *task, struct mm_struct *mm)
{
	struct task_struct *other;
	bool outside = false;

	/* One of the references is the caller's. */
	if (atomic_read(&mm->mm_users) <= get_nr_threads(task) + 1)
		return false;
	rcu_read_lock();
	for_each_process(other) {
		if (same_thread_group(other, task) ||
		    !process_shares_mm(other, mm) || is_global_init(other))
			continue;
		outside = !rss_is_inside(css_to_rss(task_css(other, rss_cgrp_id)),
					 root);
		if (outside)
			break;
	}
	rcu_read_unlock();
	return outside;
}

/* get_mm_rss() may be off by more than a small container has. */
static unsigned long rss_mapped_pages(struct mm_struct *mm)
{
	return percpu_counter_sum_positive(&mm->rss_stat[MM_ANONPAGES]) +
	       percpu_counter_sum_positive(&mm->rss_stat[MM_FILEPAGES]) +
	       percpu_counter_sum_positive(&mm->rss_stat[MM_SHMEMPAGES]);
}

/* LONG_MIN if the task can't be killed, or if that would uncharge nothing. */
static long rss_badness(struct rss_container *root, struct task_struct *task,
			struct mm_struct *mm, const struct rss_choice *choice)
{
	long total = min(rss_container_limit(root), LONG_MAX / 1000UL);
	unsigned long owned = rss_mapped_pages(mm);
	long rest;

	/* It decides what can't be killed at all. */
	if (oom_badness(task, total) == LONG_MIN)
		return LONG_MIN;
	rest = get_mm_counter(mm, MM_SWAPENTS) +
	       total * task->signal->oom_score_adj / 1000;
	/* Not worth a walk? */
	if ((long)owned + rest <= choice->points)
		return LONG_MIN;
	owned = rss_owned_pages(root, mm, owned);
	/* If it thrashes, it may have nothing mapped at this moment. */
	if (!owned && !choice->thrashes)
		return LONG_MIN;
	if (rss_is_shared_outside(root, task, mm))
		return LONG_MIN;
	return (long)owned + rest;
}

static void rss_choose(struct rss_choice *choice, struct task_struct *task,
		       long points)
{
	if (choice->task)
		put_task_struct(choice->task);
	get_task_struct(task);
	choice->task = task;
	choice->points = points;
}

/*
 * A victim is dying until all its threads are gone: its mm may no longer have
 * an owner, and another process would be killed in its place.
 */
static bool rss_is_dying(struct task_struct *task)
{
	return tsk_is_oom_victim(task) &&
	       !mm_flags_test(MMF_OOM_SKIP, task->signal->oom_mm);
}

static int rss_evaluate(struct task_struct *task, void *arg)
{
	struct rss_choice *choice = arg;
	struct mm_struct *mm;
	long points;

	if (tsk_is_oom_victim(task)) {
		choice->dying |= rss_is_dying(task);
		return choice->dying;
	}
	mm = rss_get_candidate_mm(choice->root, task);
	if (!mm)
		return 0;
	points = rss_badness(choice->root, task, mm, choice);
	mmput_async(mm);
	if (points > choice->points)
		rss_choose(choice, task, points);
	return 0;
}

static int rss_is_victim(struct task_struct *task, void *arg)
{
	struct rss_container *root = arg;
	struct mm_struct *mm;
	long points;

	if (tsk_is_oom_victim(task))
		return rss_is_dying(task);
	mm = rss_get_candidate_mm(root, task);
	if (!mm)
		return false;
	points = oom_badness(task, 0);
	mmput_async(mm);
	return points != LONG_MIN;
}

/**
 * rss_has_victim - is there anything to kill in a container?
 * @root: the container at the top of the subtree
 *
 * Context: may sleep.
 * Return: true if there is, or if a victim is already dying.
 */
bool rss_has_victim(struct rss_container *root)
{
	return rss_scan_tasks(root, rss_is_victim, root);
}

/**
 * rss_choose_victim - find the task to kill in a full container
 * @choice: where to store it; its root is the container
 *
 * Context: may sleep; oom_lock held. The caller puts choice->task.
 */
void rss_choose_victim(struct rss_choice *choice)
{
	choice->task = NULL;
	choice->points = LONG_MIN;
	choice->dying = false;
	rss_scan_tasks(choice->root, rss_evaluate, choice);
	if (choice->dying && choice->task) {
		put_task_struct(choice->task);
		choice->task = NULL;
	}
}
