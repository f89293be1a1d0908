/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: trace events.
 *
 * A container is identified by the id of its cgroup, which is the inode number
 * of its directory.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM rss_container

#if !defined(_TRACE_RSS_CONTAINER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_RSS_CONTAINER_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(rss_container_at_limit,

	TP_PROTO(u64 id, unsigned long usage, unsigned long limit),

	TP_ARGS(id, usage, limit),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, usage)
		__field(unsigned long, limit)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->usage = usage;
		__entry->limit = limit;
	),

	TP_printk("container=%llu usage=%lu limit=%lu",
		  __entry->id, __entry->usage, __entry->limit)
);

/* A charge met the limit. */
DEFINE_EVENT(rss_container_at_limit, rss_container_limit,
	TP_PROTO(u64 id, unsigned long usage, unsigned long limit),
	TP_ARGS(id, usage, limit)
);

/* The OOM killer is called for the container. */
DEFINE_EVENT(rss_container_at_limit, rss_container_oom,
	TP_PROTO(u64 id, unsigned long usage, unsigned long limit),
	TP_ARGS(id, usage, limit)
);

TRACE_EVENT(rss_container_reclaim_begin,

	TP_PROTO(u64 id, unsigned long nr_pages),

	TP_ARGS(id, nr_pages),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, nr_pages)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->nr_pages = nr_pages;
	),

	TP_printk("container=%llu wanted=%lu", __entry->id, __entry->nr_pages)
);

TRACE_EVENT(rss_container_reclaim_end,

	TP_PROTO(u64 id, unsigned long nr_reclaimed, int priority),

	TP_ARGS(id, nr_reclaimed, priority),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(unsigned long, nr_reclaimed)
		__field(int, priority)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->nr_reclaimed = nr_reclaimed;
		__entry->priority = priority;
	),

	TP_printk("container=%llu reclaimed=%lu priority=%d",
		  __entry->id, __entry->nr_reclaimed, __entry->priority)
);

/* A removed container passes its pages to its nearest living ancestor. */
TRACE_EVENT(rss_container_reparent,

	TP_PROTO(u64 id, u64 parent, unsigned long nr_pages),

	TP_ARGS(id, parent, nr_pages),

	TP_STRUCT__entry(
		__field(u64, id)
		__field(u64, parent)
		__field(unsigned long, nr_pages)
	),

	TP_fast_assign(
		__entry->id = id;
		__entry->parent = parent;
		__entry->nr_pages = nr_pages;
	),

	TP_printk("container=%llu parent=%llu pages=%lu",
		  __entry->id, __entry->parent, __entry->nr_pages)
);

#endif /* _TRACE_RSS_CONTAINER_H */

#include <trace/define_trace.h>
