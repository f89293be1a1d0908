// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: which container an mm belongs to.
 *
 * It is that of the task that owns the mm, so that one of several tasks which
 * share it (CLONE_VM, vfork()) does not take it along when it is moved.
 * mm->rss_container caches it for the charge path: NULL in the root container,
 * else a pointer that holds a reference. It is written under task_lock() of
 * the owner. A move changes the css of the task first and takes that lock
 * then, and a task that becomes the owner, or gets the mm by exec, looks for
 * its css with the lock held: whoever is last to take it sees the new css.
 */

#include <linux/cgroup.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#include "rss.h"

static void mm_set_container(struct mm_struct *mm, struct rss_container *rss)
{
	struct rss_container *old;

	old = unrcu_pointer(xchg(&mm->rss_container, RCU_INITIALIZER(rss)));
	rss_put(old);
}

/* The container of a task with a reference, NULL for the root. */
static struct rss_container *rss_get_from_task(struct task_struct *task)
{
	struct rss_container *rss;

	rcu_read_lock();
	do {
		rss = css_to_rss(task_css(task, rss_cgrp_id));
		if (rss_is_root(rss))
			rss = NULL;
		/* Fails if the task was moved away and the container removed. */
	} while (rss && !css_tryget(&rss->css));
	rcu_read_unlock();

	return rss;
}

/**
 * rss_get_from_mm - whom first touches of an mm are charged to
 * @mm: the mm
 *
 * Return: the container with a reference, which rss_put() drops, or NULL.
 */
struct rss_container *rss_get_from_mm(struct mm_struct *mm)
{
	struct rss_container *rss;

	rcu_read_lock();
	do {
		rss = mm_to_rss(mm);
	} while (rss && !css_tryget(&rss->css));
	rcu_read_unlock();

	return rss;
}

void __mm_init_container(struct mm_struct *mm)
{
	mm_set_container(mm, rss_get_from_task(current));
}

void __mm_free_container(struct mm_struct *mm)
{
	mm_set_container(mm, NULL);
}

void __mm_update_container(struct mm_struct *mm)
{
	struct task_struct *owner = rcu_dereference_protected(mm->owner, true);

	lockdep_assert_held(&owner->alloc_lock);
	mm_set_container(mm, rss_get_from_task(owner));
}

static void rss_update_task(struct task_struct *task)
{
	struct mm_struct *mm;

	task_lock(task);
	mm = task->mm;
	if (mm && rcu_access_pointer(mm->owner) == task)
		__mm_update_container(mm);
	task_unlock(task);
}

void rss_attach(struct cgroup_taskset *tset)
{
	struct cgroup_subsys_state *css;
	struct task_struct *task;

	cgroup_taskset_for_each(task, css, tset)
		rss_update_task(task);
}

/* CLONE_INTO_CGROUP: final only now, the mm was set up in the parent's. */
void rss_fork(struct task_struct *task)
{
	if (!rss_container_enabled())
		return;
	/* A copy of the parent's until now. */
	task->rss = (struct rss_task){ };
	rss_update_task(task);
}
