// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: killing inside a container.
 *
 * The kernel's OOM killer does the killing. This file supplies the victim, see
 * badness.c, and the report.
 */

#define pr_fmt(fmt) "rss: " fmt

#include <linux/oom.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>

#include <trace/events/rss_container.h>

#include "rss.h"

/**
 * rss_scan_tasks - call a function for each task of a subtree
 * @root: the container at its top
 * @fn: called with each task and @arg; ends the scan if it returns not 0
 * @arg: for @fn
 *
 * Context: may sleep.
 * Return: the value that ended the scan, or 0.
 */
int rss_scan_tasks(struct rss_container *root,
		   int (*fn)(struct task_struct *task, void *arg), void *arg)
{
	struct rss_container *pos;
	struct css_task_iter it;
	struct task_struct *task;
	int ret = 0;

	rss_for_each_in_subtree(pos, root) {
		/* One in exit_mm() has its pages still. */
		css_task_iter_start(&pos->css, CSS_TASK_ITER_WITH_DEAD, &it);
		while (!ret && (task = css_task_iter_next(&it))) {
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
 * struct rss_scan_processes - rss_scan_tasks() with one task of each process
 * @root: the container
 * @fn: called with the task and @arg
 * @arg: for @fn
 */
struct rss_scan_processes {
	struct rss_container *root;
	int (*fn)(struct task_struct *task, void *arg);
	void *arg;
};

static int rss_scan_process(struct task_struct *task, void *arg)
{
	struct rss_scan_processes *scan = arg;
	struct mm_struct *mm = rss_get_candidate_mm(scan->root, task);

	if (!mm)
		return 0;
	mmput_async(mm);
	return scan->fn(task, scan->arg);
}

/**
 * rss_container_scan_tasks - call a function for each process of a subtree
 * @rss: the container at its top
 * @fn: called with a task of each and @arg; ends the scan if it returns not 0
 * @arg: for @fn
 *
 * Context: may sleep.
 */
void rss_container_scan_tasks(struct rss_container *rss,
			      int (*fn)(struct task_struct *task, void *arg),
			      void *arg)
{
	struct rss_scan_processes scan = { rss, fn, arg };

	rss_scan_tasks(rss, rss_scan_process, &scan);
}

/**
 * rss_container_limit - the base of the badness of a container's tasks
 * @rss: the container
 *
 * Return: its limit in pages.
 */
unsigned long rss_container_limit(struct rss_container *rss)
{
	return res_counter_limit(&rss->res);
}

/**
 * rss_container_oom_report - log the state of a container
 * @rss: the container
 */
void rss_container_oom_report(struct rss_container *rss)
{
	struct rss_sums sums;
	unsigned long *nr = sums.type;

	rss_count(rss, &sums);
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

static bool rss_call_oom_killer(struct rss_container *rss,
				struct rss_choice *choice)
{
	struct oom_control oc = {
		.gfp_mask = GFP_KERNEL,
		.rss = rss,
		.chosen = choice->task,
		.chosen_points = choice->points,
	};

	rss_event(rss, RSS_EVENT_OOM);
	trace_rss_container_oom(rss_trace_id(rss), res_counter_usage(&rss->res),
				rss_container_limit(rss));
	if (choice->thrashes)
		pr_warn_ratelimited("thrashing: reclaimed pages are mapped again at once\n");
	return out_of_memory(&oc);
}

static bool rss_has_room_again(struct rss_container *rss)
{
	return res_counter_check_under_val(&rss->res, rss_container_limit(rss));
}

/**
 * rss_out_of_memory - kill a task in a container
 * @rss: the container at the top of the subtree
 * @thrashes: usage is within the limit
 *
 * The victim is chosen here: the OOM killer itself would write a report each
 * time that it finds nothing to kill.
 *
 * Context: may sleep; takes oom_lock.
 * Return: false if there is nothing to kill. True if a task was killed, or
 * others killed or freed something meanwhile: try again.
 */
bool rss_out_of_memory(struct rss_container *rss, bool thrashes)
{
	struct rss_choice choice = { .root = rss, .thrashes = thrashes };
	bool ret = true;

	if (mutex_lock_killable(&oom_lock))
		return true;
	if (!thrashes && rss_has_room_again(rss))
		goto unlock;

	rss_choose_victim(&choice);
	if (!choice.task) {
		ret = choice.dying;
		goto unlock;
	}
	/* An earlier victim may have gone before the scan came to it. */
	if (thrashes || !rss_has_room_again(rss))
		ret = rss_call_oom_killer(rss, &choice);
	put_task_struct(choice.task);
unlock:
	mutex_unlock(&oom_lock);
	return ret;
}
