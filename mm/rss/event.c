// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: events that user space can wait for.
 *
 * An event counts in its container and all ancestors. It wakes tasks that wait
 * with poll() or inotify for the file that shows it, at most a hundred times a
 * second; the counts miss nothing.
 */

#include <linux/cgroup.h>
#include <linux/seq_file.h>

#include "rss.h"

/**
 * rss_event - count an event and wake tasks that wait for it
 * @rss: the container where it happened
 * @event: which event
 *
 * Context: any but NMI.
 */
void rss_event(struct rss_container *rss, enum rss_event event)
{
	atomic_long_inc(&rss->events_local[event]);
	cgroup_file_notify(&rss->events_local_file);

	for (; rss; rss = rss_parent(rss)) {
		atomic_long_inc(&rss->events[event]);
		cgroup_file_notify(&rss->events_file);
	}
}

void __rss_event_oom_kill(struct mm_struct *mm)
{
	struct rss_container *rss;

	rcu_read_lock();
	rss = mm_to_rss(mm);
	if (rss)
		rss_event(rss, RSS_EVENT_OOM_KILL);
	rcu_read_unlock();
}

/**
 * rss_events_show - print how often each event happened
 * @m: the control file
 * @events: the counts
 * @limit_name: what this file calls the event of a charge that meets the limit
 */
void rss_events_show(struct seq_file *m, atomic_long_t events[NR_RSS_EVENTS],
		     const char *limit_name)
{
	const char * const names[NR_RSS_EVENTS] = {
		[RSS_EVENT_WATERMARK] = "watermark",
		[RSS_EVENT_LIMIT] = limit_name,
		[RSS_EVENT_OOM] = "oom",
		[RSS_EVENT_OOM_KILL] = "oom_kill",
	};
	int event;

	for (event = 0; event < NR_RSS_EVENTS; event++)
		seq_printf(m, "%s %ld\n", names[event],
			   atomic_long_read(&events[event]));
}
