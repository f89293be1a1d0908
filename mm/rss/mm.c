// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: which container an mm belongs to.
 *
 * It is that of the task that owns the mm. So moving one of the other tasks
 * that share the mm (CLONE_VM, vfork()) does not move it.
 * mm->rss_container caches it for the charge path: NULL in the root container,
 * otherwise a pointer that holds a reference. It is written under task_lock()
 * of the owner. A move changes the css of the task first, then takes that
 * lock; a task that becomes the owner, or gets the mm by exec, reads its css
 * with the lock held. So the last to take the lock sees the new css.
 *
 * An mm can outlive its tasks: a reader of /proc/PID/mem, for example, holds
 * it, and may write to it. It stays in its last container, which is charged
 * for what is mapped, and never gets an owner again. Such mms must not pin a
 * removed container. So each container has a list of them, which goes to its
 * nearest living ancestor with its records. The lock of that list then
 * protects writes of the mm's rss_container.
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

/* The container of a task, with a reference; NULL for the root. */
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
 * rss_get_from_mm - the container that first touches of an mm are charged to
 * @mm: the mm
 *
 * Return: the container, with a reference that rss_put() drops, or NULL.
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

/*
 * The mm may be on no list. That can't be tested without the lock:
 * rss_mm_reparent() takes it off before it writes the pointer.
 */
void __mm_free_container(struct mm_struct *mm)
{
	struct rss_container *rss;

	rcu_read_lock();
	while ((rss = rcu_dereference(mm->rss_container))) {
		spin_lock(&rss->ownerless_lock);
		if (rcu_access_pointer(mm->rss_container) == rss) {
			list_del_init(&mm->rss_ownerless);
			mm_set_container(mm, NULL);
		}
		spin_unlock(&rss->ownerless_lock);
	}
	rcu_read_unlock();
}

void __mm_disown_container(struct mm_struct *mm)
{
	struct rss_container *rss;
	bool dead = false;

	rcu_read_lock();
	rss = rcu_dereference(mm->rss_container);
	if (rss) {
		spin_lock(&rss->ownerless_lock);
		list_add(&mm->rss_ownerless, &rss->ownerless);
		dead = rss->dead;
		spin_unlock(&rss->ownerless_lock);
	}
	/* The worker may already have emptied the list. */
	if (dead)
		rss_mm_reparent(rss);
	rcu_read_unlock();
}

/* Returns false if @heir is dead, too, and may already have passed its own. */
static bool rss_adopt_mm(struct rss_container *heir, struct mm_struct *mm)
{
	bool dead;

	spin_lock_nested(&heir->ownerless_lock, SINGLE_DEPTH_NESTING);
	/* Pairs with rss_css_offline(): it is set before the list is emptied. */
	dead = heir->dead;
	if (!dead) {
		list_move(&mm->rss_ownerless, &heir->ownerless);
		css_get(&heir->css);
		mm_set_container(mm, heir);
	}
	spin_unlock(&heir->ownerless_lock);

	return !dead;
}

/**
 * rss_mm_reparent - pass mms without an owner to the nearest living ancestor
 * @rss: their container, which is dead
 *
 * They are few: each is held by a system call or a thread.
 *
 * Context: any but interrupt; RCU read side or a reference to @rss.
 */
void rss_mm_reparent(struct rss_container *rss)
{
	struct rss_container *heir;
	struct mm_struct *mm;

	spin_lock(&rss->ownerless_lock);
	while ((mm = list_first_entry_or_null(&rss->ownerless, struct mm_struct,
					      rss_ownerless))) {
		heir = rss_online(rss);
		while (heir && !rss_adopt_mm(heir, mm))
			heir = rss_online(heir);
		if (heir)
			continue;
		list_del_init(&mm->rss_ownerless);
		/* The last access: the mm may be freed from now on. */
		mm_set_container(mm, NULL);
	}
	spin_unlock(&rss->ownerless_lock);
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

/* Final only now: with CLONE_INTO_CGROUP, the mm began in the parent's. */
void rss_fork(struct task_struct *task)
{
	if (!rss_container_enabled())
		return;
	/* Until now a copy of the parent's. */
	task->rss = (struct rss_task){ };
	rss_update_task(task);
}
