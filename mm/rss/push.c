// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: tasks that push a container which they are not in.
 *
 * What a task maps of a large folio is charged to the folio's owner. If that
 * goes past its limit, the task is held up until it is resolved, see over.c,
 * and counts as a pusher of each full level that it is not in itself.
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
 * @own: that of current, NULL for none
 *
 * The next fault of current must not find a page in stock, or it would not
 * notice.
 *
 * Context: atomic, RCU read side.
 * Return: false if it can't be held up, or is for another one already.
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
 * rss_end_push - current is not held up for another container any more
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
