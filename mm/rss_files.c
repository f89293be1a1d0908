// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: control files.
 *
 * On cgroup v1 their names carry no controller prefix, which CFTYPE_NO_PREFIX
 * says. It is not for new files, but these names are those of 2007, and scripts
 * use them.
 */

#include <linux/cgroup.h>
#include <linux/init.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>
#include <linux/swap.h>
#include <linux/vmstat.h>

#include "rss.h"

static struct rss_container *of_to_rss(struct kernfs_open_file *of)
{
	return css_to_rss(of_css(of));
}

static struct rss_container *seq_to_rss(struct seq_file *m)
{
	return css_to_rss(seq_css(m));
}

/*
 * The pages owned by a subtree. In the root it is what the system has mapped;
 * of that only the share of containers is known to be shmem.
 */
static void rss_read_usage(struct rss_container *rss,
			   unsigned long nr[NR_RSS_TYPES])
{
	rss_count(rss, nr);
	if (!rss_is_root(rss))
		return;
	nr[RSS_ANON] = global_node_page_state(NR_ANON_MAPPED);
	nr[RSS_FILE] = global_node_page_state(NR_FILE_MAPPED);
	nr[RSS_FILE] -= min(nr[RSS_FILE], nr[RSS_SHMEM]);
}

static unsigned long rss_usage(struct rss_container *rss)
{
	unsigned long nr[NR_RSS_TYPES], usage;

	rss_read_usage(rss, nr);
	usage = nr[RSS_ANON] + nr[RSS_FILE] + nr[RSS_SHMEM];
	if (rss_is_root(rss))
		return usage;
	/*
	 * The CPUs are looked at one after another: pages mapped on a later
	 * one in the place of pages unmapped on an earlier one would show
	 * twice. The counter is one word and never less than usage.
	 */
	return min(usage, res_counter_usage(&rss->res));
}

static u64 rss_usage_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return rss_usage(css_to_rss(css));
}

static int rss_limit_show(struct seq_file *m, void *v)
{
	res_counter_show(m, res_counter_limit(&seq_to_rss(m)->res), 0);
	return 0;
}

/*
 * A limit below usage takes reclaim first; until that is done the old one
 * stays in force. Tasks that fault meanwhile may be as fast as that, then it
 * gives up in the end.
 */
static int rss_resize_limit(struct rss_container *rss, unsigned long limit)
{
	static DEFINE_MUTEX(set_limit_mutex);
	struct rss_shrink shrink;
	int err;

	rss_shrink_start(&shrink);
	do {
		err = rss_shrink_usage_to(rss, limit, &shrink);
		if (err)
			return err;
		mutex_lock(&set_limit_mutex);
		err = res_counter_set_limit(&rss->res, limit);
		mutex_unlock(&set_limit_mutex);
	} while (err);

	WRITE_ONCE(rss->stuck, false);
	return 0;
}

static ssize_t rss_limit_write(struct kernfs_open_file *of, char *buf,
			       size_t nbytes, loff_t off)
{
	unsigned long limit;
	int err;

	err = res_counter_parse(buf, PAGE_SHIFT,
				RES_PARSE_BARE_UNITS | RES_PARSE_MAX, &limit);
	if (err)
		return err;

	return rss_resize_limit(of_to_rss(of), limit) ?: nbytes;
}

static ssize_t rss_shrink_write(struct kernfs_open_file *of, char *buf,
				size_t nbytes, loff_t off)
{
	struct rss_shrink shrink;
	unsigned long nr;
	int err;

	err = res_counter_parse(buf, PAGE_SHIFT, 0, &nr);
	if (err)
		return err;

	rss_shrink_start(&shrink);
	return rss_shrink_usage_to(of_to_rss(of), nr, &shrink) ?: nbytes;
}

static int rss_watermark_show(struct seq_file *m, void *v)
{
	res_counter_show(m, READ_ONCE(seq_to_rss(m)->watermark), 0);
	return 0;
}

static ssize_t rss_watermark_write(struct kernfs_open_file *of, char *buf,
				   size_t nbytes, loff_t off)
{
	unsigned long watermark;
	int err;

	err = res_counter_parse(buf, PAGE_SHIFT,
				RES_PARSE_BARE_UNITS | RES_PARSE_MAX,
				&watermark);
	if (err)
		return err;

	rss_set_watermark(of_to_rss(of), watermark);
	return nbytes;
}

static int rss_events_file_show(struct seq_file *m, void *v)
{
	rss_events_show(m, seq_to_rss(m));
	return 0;
}

static u64 rss_failcnt_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return res_counter_failcnt(&css_to_rss(css)->res);
}

static ssize_t rss_failcnt_write(struct kernfs_open_file *of, char *buf,
				 size_t nbytes, loff_t off)
{
	int err = res_counter_parse_reset(buf);

	if (err)
		return err;
	res_counter_reset_failcnt(&of_to_rss(of)->res);
	return nbytes;
}

static u64 rss_max_usage_read(struct cgroup_subsys_state *css,
			      struct cftype *cft)
{
	return res_counter_max_usage(&css_to_rss(css)->res);
}

static ssize_t rss_max_usage_write(struct kernfs_open_file *of, char *buf,
				   size_t nbytes, loff_t off)
{
	struct rss_container *rss = of_to_rss(of);
	int err = res_counter_parse_reset(buf);

	if (err)
		return err;
	rss_stock_drain(rss);
	res_counter_reset_max_usage(&rss->res);
	return nbytes;
}

static u64 rss_reclaimed_read(struct cgroup_subsys_state *css,
			      struct cftype *cft)
{
	return atomic_long_read(&css_to_rss(css)->reclaimed);
}

static const char * const rss_list_names[NR_RSS_LISTS] = {
	[RSS_INACTIVE_ANON] = "inactive_anon",
	[RSS_ACTIVE_ANON] = "active_anon",
	[RSS_INACTIVE_FILE] = "inactive_file",
	[RSS_ACTIVE_FILE] = "active_file",
	[RSS_UNEVICTABLE] = "unevictable",
};

static int rss_stat_show(struct seq_file *m, void *v)
{
	unsigned long size[NR_RSS_LISTS] = { }, scanned = 0, stolen = 0;
	struct rss_container *rss = seq_to_rss(m), *pos;
	unsigned long nr[NR_RSS_TYPES];
	int nid, list;

	rss_read_usage(rss, nr);
	seq_printf(m, "anon %lu\n", nr[RSS_ANON]);
	seq_printf(m, "file %lu\n", nr[RSS_FILE] + nr[RSS_SHMEM]);
	seq_printf(m, "shmem %lu\n", nr[RSS_SHMEM]);

	rss_for_each_in_subtree(pos, rss) {
		if (rss_is_root(pos))
			continue;
		scanned += atomic_long_read(&pos->scanned);
		stolen += atomic_long_read(&pos->stolen);
		for_each_node(nid)
			for (list = 0; list < NR_RSS_LISTS; list++)
				size[list] += READ_ONCE(pos->node[nid]->size[list]);
	}
	for (list = 0; list < NR_RSS_LISTS; list++)
		seq_printf(m, "%s %lu\n", rss_list_names[list], size[list]);
	seq_printf(m, "pgscan %lu\n", scanned);
	seq_printf(m, "pgsteal %lu\n", stolen);

	return 0;
}

static struct cftype rss_files_legacy[] = {
	{
		.name = "rss_usage",
		.read_u64 = rss_usage_read,
		.flags = CFTYPE_NO_PREFIX,
	},
	{
		.name = "rss_limit",
		.seq_show = rss_limit_show,
		.write = rss_limit_write,
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_failcnt",
		.read_u64 = rss_failcnt_read,
		.write = rss_failcnt_write,
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_max_usage",
		.read_u64 = rss_max_usage_read,
		.write = rss_max_usage_write,
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_reclaimed",
		.read_u64 = rss_reclaimed_read,
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_shrink_in_bytes",
		.write = rss_shrink_write,
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_watermark",
		.seq_show = rss_watermark_show,
		.write = rss_watermark_write,
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_events",
		.seq_show = rss_events_file_show,
		.file_offset = offsetof(struct rss_container, events_file),
		.flags = CFTYPE_NO_PREFIX | CFTYPE_NOT_ON_ROOT,
	},
	{
		.name = "rss_stat",
		.seq_show = rss_stat_show,
		.flags = CFTYPE_NO_PREFIX,
	},
	{ }	/* terminate */
};

static int __init rss_files_init(void)
{
	if (!cgroup_subsys_enabled(rss_cgrp_subsys))
		return 0;
	return cgroup_add_legacy_cftypes(&rss_cgrp_subsys, rss_files_legacy);
}
subsys_initcall(rss_files_init);
