/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: what it keeps in a task.
 */
#ifndef _LINUX_RSS_TASK_H
#define _LINUX_RSS_TASK_H

#include <linux/types.h>

struct rss_container;

/**
 * struct rss_task - how a task fares at the limit of a container
 * @pushed: a container, not of this task, that went past its limit by what the
 *	task mapped, with a reference; NULL for none
 * @pushed_top: the nearest ancestor of @pushed that this task was in as well at
 *	that time, NULL for none
 * @excess: faults of the kernel that were let past a limit since there was room
 * @level: the full container that all below is about; compared only
 * @began: jiffies when this window of observation began
 * @left: local_clock() when the task last had room made, in ns
 * @stalled: ns in this window that it took to make room
 * @worked: ns in this window that the task had in between, asleep or not
 * @slept: task->nvcsw at @left
 * @preempted: task->nivcsw at @left
 * @sampled: faults whose page was watched until now in this window
 * @refaults: how many of them came back to it soon
 *
 * Accessed by the task itself only, but for fork(), where rss_fork() starts the
 * child's over.
 */
struct rss_task {
	struct rss_container *pushed;
	struct rss_container *pushed_top;
	unsigned int excess;

	const struct rss_container *level;
	unsigned long began;
	u64 left;
	u64 stalled;
	u64 worked;
	unsigned long slept;
	unsigned long preempted;
	unsigned int sampled;
	unsigned int refaults;
};

#endif /* _LINUX_RSS_TASK_H */
