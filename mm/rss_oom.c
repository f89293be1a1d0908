// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: killing inside a container.
 *
 * The kernel's OOM killer does it; it gets the candidates and the report from
 * here. A container in which nothing can be killed does not get as far as
 * that: the log says so once, and its tasks wait.
 */

#define pr_fmt(fmt) "rss: " fmt

#include <linux/oom.h>
#include <linux/sched/signal.h>

#include <trace/events/rss_container.h>

#include "rss.h"

/*
 * One task of each process, that is the leader, or the thread which took over
 * the mm from one that exited. Of a victim each thread that is left: its leader
 * may be gone already, and another process would be killed in its place.
 *
 * A process may share its mm with one of another container, whose the mm is. To
 * kill it would free nothing here, and kill there.
 */
static bool rss_oom_concerns(struct rss_container *root,
			     struct task_struct *task)
{
	struct rss_container *rss;
	struct task_struct *alive;
	bool concerns;

	/* The mm of a victim on its way out may be nobody's already. */
	if (tsk_is_oom_victim(task))
		return true;

	alive = find_lock_task_mm(task);
	if (!alive)
		return false;
	/* For sparse, which knows of the unlocking only. */
	__acquire(&alive->alloc_lock);
	rcu_read_lock();
	rss = mm_to_rss(alive->mm);
	concerns = rss &&
		   cgroup_is_descendant(rss->css.cgroup, root->css.cgroup) &&
		   (thread_group_leader(task) ||
		    rcu_access_pointer(alive->mm->owner) == task);
	rcu_read_unlock();
	task_unlock(alive);
	return concerns;
}

/**
 * rss_container_scan_tasks - call a function for each process of a subtree
 * @rss: the container at its top
 * @fn: called with a task of each and @arg; what is not 0 ends the scan
 * @arg: for @fn
 *
 * Context: may sleep.
 * Return: what ended the scan, or 0.
 */
int rss_container_scan_tasks(struct rss_container *rss,
			     int (*fn)(struct task_struct *task, void *arg),
			     void *arg)
{
	struct rss_container *pos;
	struct css_task_iter it;
	struct task_struct *task;
	int ret = 0;

	rss_for_each_in_subtree(pos, rss) {
		css_task_iter_start(&pos->css, 0, &it);
		while (!ret && (task = css_task_iter_next(&it))) {
			if (rss_oom_concerns(rss, task))
				ret = fn(task, arg);
			cond_resched();
		}
		css_task_iter_end(&it);
		if (ret) {
			rss_put(pos);
			break;
		}
	}
	return ret;
}

/**
 * rss_container_limit - what the badness of a container's tasks is relative to
 * @rss: the container
 *
 * Return: its limit in pages.
 */
unsigned long rss_container_limit(struct rss_container *rss)
{
	return res_counter_limit(&rss->res);
}

/**
 * rss_container_oom_report - tell the log how a container stands
 * @rss: the container
 */
void rss_container_oom_report(struct rss_container *rss)
{
	unsigned long nr[NR_RSS_TYPES];

	rss_count(rss, nr);
	pr_warn("container ");
	pr_cont_cgroup_path(rss->css.cgroup);
	pr_cont(": usage %lu, limit %lu, failcnt %lu pages\n",
		nr[RSS_ANON] + nr[RSS_FILE] + nr[RSS_SHMEM],
		res_counter_limit(&rss->res), res_counter_failcnt(&rss->res));
	pr_info("anon %lu, file %lu, shmem %lu, reclaimed %ld, highest usage %lu pages\n",
		nr[RSS_ANON], nr[RSS_FILE] + nr[RSS_SHMEM], nr[RSS_SHMEM],
		atomic_long_read(&rss->reclaimed),
		res_counter_max_usage(&rss->res));
}

/* On its way out already, what it frees may do. */
static int rss_oom_dying(struct task_struct *task, void *arg)
{
	return tsk_is_oom_victim(task) &&
	       !test_bit(MMF_OOM_SKIP, &task->signal->oom_mm->flags);
}

static int rss_oom_evaluate(struct task_struct *task, void *arg)
{
	unsigned long *totalpages = arg;

	if (tsk_is_oom_victim(task))
		return rss_oom_dying(task, NULL);
	return oom_badness(task, *totalpages) != LONG_MIN;
}

/**
 * rss_oom_candidate - is there anything to kill in a container?
 * @rss: the container at the top of the subtree
 *
 * The OOM killer itself can't be asked, it writes a report each time that it
 * finds nothing. Here the log is told once, until there was room again; see
 * rss_unstick().
 *
 * Return: true if there is something, or it is about to exit already.
 */
bool rss_oom_candidate(struct rss_container *rss)
{
	unsigned long totalpages = rss_container_limit(rss);

	if (rss_container_scan_tasks(rss, rss_oom_evaluate, &totalpages))
		return true;

	if (!xchg(&rss->stuck, 1)) {
		rss_container_oom_report(rss);
		pr_warn("nothing to reclaim and no killable task, tasks of the container wait\n");
	}
	return false;
}

/**
 * rss_out_of_memory - kill a task in a container
 * @rss: the container at the top of the subtree
 *
 * Context: may sleep; takes oom_lock.
 * Return: false if there is nothing to kill. True if something was killed, or
 * somebody else did or freed something meanwhile: try again.
 */
bool rss_out_of_memory(struct rss_container *rss)
{
	struct oom_control oc = {
		.gfp_mask = GFP_KERNEL,
		.rss = rss,
	};
	bool ret = true;

	if (mutex_lock_killable(&oom_lock))
		return true;
	if (res_counter_check_under_val(&rss->res, rss_container_limit(rss)))
		goto unlock;

	if (rss_container_scan_tasks(rss, rss_oom_dying, NULL))
		goto unlock;

	ret = rss_oom_candidate(rss);
	if (ret) {
		rss_event(rss, RSS_EVENT_OOM);
		trace_rss_container_oom(rss_trace_id(rss),
					res_counter_usage(&rss->res),
					rss_container_limit(rss));
		ret = out_of_memory(&oc);
	}
unlock:
	mutex_unlock(&oom_lock);
	return ret;
}
