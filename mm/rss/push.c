// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: tasks that push a container that they are not in.
 *
 * Pages of a large folio that a task maps are charged to the folio's owner. If
 * that exceeds the owner's limit, the task is held up until this is resolved,
 * see over.c. It counts as a pusher of each full level that it is not in.
 */

#include <linux/cgroup.h>
#include <linux/sched.h>

#include "rss.h"

static void rss_count_pushers(struct rss_task *task, int nr)
{
	struct rss_container *rss;

	for (rss = task->pushed; rss && rss != task->pushed_top;
	     rss = rss_parent(rss))
		atomic_add(nr, &rss->full.pushers);
}

/**
 * rss_push - hold current up for a container that it pushed past its limit
 * @rss: the container, which current is not in
 * @own: the container of current, NULL for none
 *
 * The next fault of current must not find a page in stock, or it would not
 * notice.
 *
 * Context: atomic, RCU read side.
 * Return: false if it can't be held up, or already is for another container.
 */
bool rss_push(struct rss_container *rss, struct rss_container *own)
{
	struct rss_task *task = &current->rss;
	struct rss_container *top = rss;

	if (!own)
		return false;
	if (!task->pushed && css_tryget(&rss->css)) {
		while (top && !rss_is_inside(own, top))
			top = rss_parent(top);
		task->pushed_top = top;
		task->pushed = rss;
		rss_count_pushers(task, 1);
	}
	if (task->pushed != rss)
		return false;
	rss_stock_drop(own);
	return true;
}

/**
 * rss_end_push - stop holding current up for another container
 * @task: current
 */
void rss_end_push(struct task_struct *task)
{
	if (!task->rss.pushed)
		return;
	rss_count_pushers(&task->rss, -1);
	rss_put(task->rss.pushed);
	task->rss.pushed = NULL;
}
