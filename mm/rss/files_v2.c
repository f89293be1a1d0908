// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: control files of cgroup v2.
 */

#include <linux/cgroup.h>
#include <linux/seq_file.h>

#include "rss.h"

/* The value of an open rss.peak until it is written to. */
#define RSS_PEAK_UNSET	((unsigned long)-1)

static u64 rss_current_read(struct cgroup_subsys_state *css, struct cftype *cft)
{
	return (u64)rss_usage(css_to_rss(css)) << PAGE_SHIFT;
}

static int rss_max_show(struct seq_file *m, void *v)
{
	res_counter_show(m, res_counter_limit(&seq_to_rss(m)->res), PAGE_SHIFT);
	return 0;
}

static ssize_t rss_max_write(struct kernfs_open_file *of, char *buf,
			     size_t nbytes, loff_t off)
{
	unsigned long limit;
	int err;

	err = res_counter_parse(buf, PAGE_SHIFT, RES_PARSE_MAX, &limit);
	if (err)
		return err;

	rss_force_limit(of_to_rss(of), limit);
	return nbytes;
}

static int rss_watermark_show(struct seq_file *m, void *v)
{
	res_counter_show(m, READ_ONCE(seq_to_rss(m)->watermark), PAGE_SHIFT);
	return 0;
}

static ssize_t rss_watermark_write(struct kernfs_open_file *of, char *buf,
				   size_t nbytes, loff_t off)
{
	unsigned long watermark;
	int err;

	err = res_counter_parse(buf, PAGE_SHIFT, RES_PARSE_MAX, &watermark);
	if (err)
		return err;

	rss_set_watermark(of_to_rss(of), watermark);
	return nbytes;
}

/*
 * A write to rss.peak gives its opener the peak since then. One recent peak
 * serves all openers, and each write resets it, after its value is recorded
 * for the others.
 */
static int rss_peak_open(struct kernfs_open_file *of)
{
	of_peak(of)->value = RSS_PEAK_UNSET;
	return 0;
}

static void rss_peak_release(struct kernfs_open_file *of)
{
	struct rss_container *rss = of_to_rss(of);
	struct cgroup_of_peak *peak = of_peak(of);

	spin_lock(&rss->peaks_lock);
	if (peak->value != RSS_PEAK_UNSET)
		list_del(&peak->list);
	spin_unlock(&rss->peaks_lock);
}

static int rss_peak_show(struct seq_file *m, void *v)
{
	struct rss_container *rss = seq_to_rss(m);
	struct cgroup_of_peak *peak = of_peak(m->private);
	unsigned long nr;

	spin_lock(&rss->peaks_lock);
	if (peak->value == RSS_PEAK_UNSET)
		nr = res_counter_max_usage(&rss->res);
	else
		nr = max(peak->value, res_counter_recent_max_usage(&rss->res));
	spin_unlock(&rss->peaks_lock);

	seq_printf(m, "%llu\n", (u64)nr << PAGE_SHIFT);
	return 0;
}

static ssize_t rss_peak_write(struct kernfs_open_file *of, char *buf,
			      size_t nbytes, loff_t off)
{
	struct rss_container *rss = of_to_rss(of);
	struct cgroup_of_peak *peak = of_peak(of), *other;
	unsigned long recent;

	rss_stock_drain(rss);

	spin_lock(&rss->peaks_lock);
	recent = res_counter_recent_max_usage(&rss->res);
	list_for_each_entry(other, &rss->peaks, list)
		other->value = max(other->value, recent);
	if (peak->value == RSS_PEAK_UNSET)
		list_add(&peak->list, &rss->peaks);
	peak->value = res_counter_reset_recent_max_usage(&rss->res);
	spin_unlock(&rss->peaks_lock);

	return nbytes;
}

static int rss_events_file_show(struct seq_file *m, void *v)
{
	rss_events_show(m, seq_to_rss(m)->events, "max");
	return 0;
}

static int rss_events_local_show(struct seq_file *m, void *v)
{
	rss_events_show(m, seq_to_rss(m)->events_local, "max");
	return 0;
}

static int rss_stat_show(struct seq_file *m, void *v)
{
	rss_show_stat(m, seq_to_rss(m), PAGE_SHIFT);
	return 0;
}

static ssize_t rss_reclaim_write(struct kernfs_open_file *of, char *buf,
				 size_t nbytes, loff_t off)
{
	unsigned long nr;
	int err;

	err = res_counter_parse(buf, PAGE_SHIFT, 0, &nr);
	if (err)
		return err;

	return rss_reclaim_pages(of_to_rss(of), nr) ?: nbytes;
}

struct cftype rss_files_dfl[] = {
	{
		.name = "current",
		.read_u64 = rss_current_read,
	},
	{
		.name = "peak",
		.flags = CFTYPE_NOT_ON_ROOT,
		.open = rss_peak_open,
		.release = rss_peak_release,
		.seq_show = rss_peak_show,
		.write = rss_peak_write,
	},
	{
		.name = "max",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_max_show,
		.write = rss_max_write,
	},
	{
		.name = "watermark",
		.flags = CFTYPE_NOT_ON_ROOT,
		.seq_show = rss_watermark_show,
		.write = rss_watermark_write,
	},
	{
		.name = "events",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct rss_container, events_file),
		.seq_show = rss_events_file_show,
	},
	{
		.name = "events.local",
		.flags = CFTYPE_NOT_ON_ROOT,
		.file_offset = offsetof(struct rss_container,
					events_local_file),
		.seq_show = rss_events_local_show,
	},
	{
		.name = "stat",
		.seq_show = rss_stat_show,
	},
	{
		.name = "reclaim",
		.flags = CFTYPE_NOT_ON_ROOT | CFTYPE_NS_DELEGATABLE,
		.write = rss_reclaim_write,
	},
	{ }	/* terminate */
};
