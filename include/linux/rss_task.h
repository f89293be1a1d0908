/* SPDX-License-Identifier: GPL-2.0-only */
/* RSS controller: per-task state. */
#ifndef _LINUX_RSS_TASK_H
#define _LINUX_RSS_TASK_H

#include <linux/types.h>

struct rss_container;

/**
 * struct rss_task - how a task fares at the limit of a container
 * @pushed: a container that the task is not in, but pushed past its limit by
 *	what it mapped, with a reference; NULL for none
 * @pushed_top: the nearest ancestor of @pushed that the task was also in at
 *	that time, NULL for none
 * @excess: kernel faults that went past a limit since there was room
 * @level: the full container that all below is about; only compared
 * @began: jiffies when this window of observation began
 * @left: local_clock() when room was last made for the task, in ns
 * @stalled: ns in this window spent making room
 * @worked: ns in this window spent in between, asleep or not
 * @slept: task->nvcsw at @left
 * @preempted: task->nivcsw at @left
 * @sampled: watched faults whose watch ended in this window
 * @refaults: how many of them returned to the page soon
 *
 * Accessed only by the task itself, except in fork(), where rss_fork() resets
 * the child's.
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
