// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: common parts of the control files of cgroup v1 and v2.
 */

#include <linux/cgroup.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/vmstat.h>

#include "rss.h"

/*
 * The pages owned by a subtree. In the root, the pages that the system has
 * mapped; only the containers' share of those is known to be shmem.
 */
static void rss_read_usage(struct rss_container *rss, struct rss_sums *sums)
{
	unsigned long *nr = sums->type;

	rss_count(rss, sums);
	if (!rss_is_root(rss))
		return;
	nr[RSS_ANON] = global_node_page_state(NR_ANON_MAPPED);
	nr[RSS_FILE] = global_node_page_state(NR_FILE_MAPPED);
	nr[RSS_FILE] -= min(nr[RSS_FILE], nr[RSS_SHMEM]);
}

/**
 * rss_usage - number of pages that a container and its descendants own
 * @rss: the container
 *
 * Return: their number; in the root, that of pages mapped in the system.
 */
unsigned long rss_usage(struct rss_container *rss)
{
	struct rss_sums sums;
	unsigned long usage;

	rss_read_usage(rss, &sums);
	usage = sums.type[RSS_ANON] + sums.type[RSS_FILE] + sums.type[RSS_SHMEM];
	if (rss_is_root(rss))
		return usage;
	/*
	 * CPUs are read one after the other: if pages mapped on a later one
	 * replace pages unmapped on an earlier one, both are counted. The
	 * counter is one word and at least usage.
	 */
	return min(usage, res_counter_usage(&rss->res));
}

/* Serializes res_counter_set_limit() and res_counter_force_limit(). */
static DEFINE_MUTEX(rss_limit_mutex);

/**
 * rss_resize_limit - set the limit of a container once usage is within it
 * @rss: the container
 * @limit: the new limit in pages
 *
 * A limit below usage takes reclaim first; meanwhile the old one stays in
 * force. If tasks fault as fast as that, this eventually gives up.
 *
 * Context: may sleep.
 * Return: 0; or, with the old limit in force, -EINTR on a signal, -EBUSY if
 * reclaim makes no more progress.
 */
int rss_resize_limit(struct rss_container *rss, unsigned long limit)
{
	struct rss_shrink shrink;
	int err;

	rss_shrink_start(&shrink, rss, limit);
	do {
		err = rss_shrink_usage_to(rss, limit, &shrink);
		if (err)
			return err;
		mutex_lock(&rss_limit_mutex);
		err = res_counter_set_limit(&rss->res, limit);
		mutex_unlock(&rss_limit_mutex);
	} while (err);

	rss_full_leave(rss);
	return 0;
}

/**
 * rss_force_limit - set the limit of a container, then reclaim down to it
 * @rss: the container
 * @limit: the new limit in pages
 *
 * Reclaims, and kills if that does not help. Stops on a signal, on another
 * limit, or if nothing can be killed. The limit stays in force; faulting tasks
 * then have to get usage below it.
 *
 * Context: may sleep.
 */
void rss_force_limit(struct rss_container *rss, unsigned long limit)
{
	struct rss_shrink shrink;

	mutex_lock(&rss_limit_mutex);
	res_counter_force_limit(&rss->res, limit);
	mutex_unlock(&rss_limit_mutex);
	rss_full_leave(rss);

	do {
		rss_shrink_start(&shrink, rss, limit);
		/*
		 * Tasks that map reclaimed pages again stay within the limit,
		 * which is already in force. That is no reason to kill.
		 */
		shrink.budget = ULONG_MAX;
	} while (rss_shrink_usage_to(rss, limit, &shrink) == -EBUSY &&
		 res_counter_limit(&rss->res) == limit &&
		 rss_out_of_memory(rss, false) &&
		 !schedule_timeout_killable(1));
}

static const char * const rss_list_names[NR_RSS_LISTS] = {
	[RSS_INACTIVE_ANON] = "inactive_anon",
	[RSS_ACTIVE_ANON] = "active_anon",
	[RSS_INACTIVE_FILE] = "inactive_file",
	[RSS_ACTIVE_FILE] = "active_file",
	[RSS_UNEVICTABLE] = "unevictable",
};

static void rss_stat_line(struct seq_file *m, const char *name,
			  unsigned long nr, unsigned int shift)
{
	seq_printf(m, "%s %llu\n", name, (u64)nr << shift);
}

/**
 * rss_show_stat - print the statistics of a container and its descendants
 * @m: the control file
 * @rss: the container
 * @shift: 0 to print sizes in pages, PAGE_SHIFT in bytes
 */
void rss_show_stat(struct seq_file *m, struct rss_container *rss,
		   unsigned int shift)
{
	struct rss_sums sums;
	unsigned long *nr = sums.type;
	int list;

	rss_read_usage(rss, &sums);
	rss_stat_line(m, "anon", nr[RSS_ANON], shift);
	rss_stat_line(m, "file", nr[RSS_FILE] + nr[RSS_SHMEM], shift);
	rss_stat_line(m, "shmem", nr[RSS_SHMEM], shift);

	for (list = 0; list < NR_RSS_LISTS; list++)
		rss_stat_line(m, rss_list_names[list], sums.list[list],
			      shift);
	rss_stat_line(m, "pgscan", atomic_long_read(&rss->scanned), 0);
	rss_stat_line(m, "pgsteal", atomic_long_read(&rss->stolen), 0);
}
