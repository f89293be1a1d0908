// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: control files of cgroup v1.
 *
 * Their names carry no controller prefix, hence CFTYPE_NO_PREFIX. New files
 * should have one, but scripts use these names, which date from 2007.
 */

#include <linux/cgroup.h>
#include <linux/seq_file.h>

#include "rss.h"

static u64 rss_usage_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return rss_usage(css_to_rss(css));
}

static int rss_limit_show(struct seq_file *m, void *v)
{
	res_counter_show(m, res_counter_limit(&seq_to_rss(m)->res), 0);
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

	rss_shrink_start(&shrink, of_to_rss(of), nr);
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
	rss_events_show(m, seq_to_rss(m)->events, "limit");
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

static int rss_stat_show(struct seq_file *m, void *v)
{
	rss_show_stat(m, seq_to_rss(m), 0);
	return 0;
}

struct cftype rss_files_legacy[] = {
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
