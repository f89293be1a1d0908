// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: the audit.
 *
 * Some facts are recorded in several places, which normal operation never
 * compares:
 *
 *  - the map counts of a folio, and NR in the state of its record;
 *  - the NRs of all records of a container, and what its CPUs counted, by
 *    kind;
 *  - what the CPUs counted and have in stock in a subtree, and the usage of
 *    the counter at its top;
 *  - what a CPU has in stock, and its maximum;
 *  - the ids in the states of the records, and the good entries of the lists;
 *  - the sizes of the lists, and their contents.
 *
 * /sys/kernel/debug/rss_audit walks all pages and lists, and prints where they
 * disagree. Tasks go on mapping meanwhile, so if there are differences, it
 * looks again, up to RSS_AUDIT_TRIES times. If any figure changed between the
 * last two looks, pages were moving, and differences prove nothing.
 */

#include <linux/cgroup.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/hash.h>
#include <linux/init.h>
#include <linux/memory_hotplug.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "queue.h"

#define RSS_AUDIT_TRIES		5
#define RSS_AUDIT_REPORT	SZ_16K

/**
 * struct rss_account_sheet - what the audit found of a container
 * @rss: the container, with a reference
 * @nr: pages that the records say are charged to it, by kind
 * @named: records with its id, and therefore an entry, by node. For an offline
 *	container, only those of mapped pages: it has no entries for others
 */
struct rss_account_sheet {
	struct rss_container *rss;
	long nr[NR_RSS_KINDS];
	unsigned long named[];
};

/**
 * struct rss_audit - one look at everything
 * @sheets: struct rss_account_sheet by id
 * @report: the differences, one per line
 * @path: buffer for the path of a container
 * @differences: their number, even if they do not fit into @report
 * @pages: number of charged pages
 * @records: number of records
 * @entries: number of entries on all lists
 * @sum: hash of all figures, to see whether any has changed
 * @held: a record was held, so its folio is in transit
 */
struct rss_audit {
	struct xarray sheets;
	struct seq_buf report;
	char path[256];
	unsigned long differences;
	unsigned long pages;
	unsigned long records;
	unsigned long entries;
	u64 sum;
	bool held;
};

static void rss_audit_see(struct rss_audit *audit, u64 figure)
{
	audit->sum = (audit->sum ^ figure) * GOLDEN_RATIO_64;
}

static __printf(2, 3) void rss_differ(struct rss_audit *audit,
				      const char *format, ...)
{
	va_list args;

	audit->differences++;
	va_start(args, format);
	seq_buf_vprintf(&audit->report, format, args);
	va_end(args);
}

static const char *rss_audit_path(struct rss_audit *audit,
				  struct rss_container *rss)
{
	if (cgroup_path(rss->css.cgroup, audit->path, sizeof(audit->path)) < 0)
		return "?";
	return audit->path;
}

/* Page by page, to check rmap's sum for large folios as well. */
static unsigned int rss_audit_mapped(struct page *page, unsigned int order)
{
	unsigned int i, mapped = 0;

	/* The folio may be split or freed meanwhile. */
	if (order && PageHead(page) &&
	    atomic_read(&((struct folio *)page)->_entire_mapcount) >= 0)
		return BIT(order);
	for (i = 0; i < BIT(order); i++)
		mapped += atomic_read(&page[i]._mapcount) >= 0;
	return mapped;
}

static void rss_audit_mapping(struct rss_audit *audit, unsigned long pfn,
			      u64 state)
{
	struct page *page = pfn_to_online_page(pfn);
	unsigned int mapped = 0;

	if (page && !PageTail(page))
		mapped = rss_audit_mapped(page, rss_state_order(state));
	rss_audit_see(audit, mapped);
	if (mapped != rss_state_nr(state))
		rss_differ(audit, "pfn %#lx: %u pages charged to id %u, %u mapped\n",
			   pfn, rss_state_nr(state), rss_state_id(state),
			   mapped);
}

static void rss_audit_record(struct rss_audit *audit,
			     struct page_container *pc, unsigned long pfn)
{
	struct rss_account_sheet *sheet;
	u64 state = page_container_state(pc);

	rss_audit_see(audit, state);
	if (state & RSS_STATE_HELD)
		audit->held = true;

	if (rss_state_nr(state)) {
		audit->pages += rss_state_nr(state);
		rss_audit_mapping(audit, pfn, state);
	}
	if (rss_state_id(state) <= RSS_ROOT_ID)
		return;

	sheet = xa_load(&audit->sheets, rss_state_id(state));
	/* Records of unmapped pages may name a container that is gone. */
	if (!sheet && !rss_state_busy(state))
		return;
	if (!sheet) {
		rss_differ(audit, "pfn %#lx: id %u is no container\n", pfn,
			   rss_state_id(state));
		return;
	}
	sheet->nr[rss_state_kind(state)] += rss_state_nr(state);
	if (!(state & RSS_STATE_LOST) &&
	    (rss_state_busy(state) || !READ_ONCE(sheet->rss->dead)))
		sheet->named[pfn_to_nid(pfn)]++;
}

/* Memory hotplug is locked out, so no record is missed. */
static bool rss_audit_walk(struct page_container *pc, unsigned long pfn, void *arg)
{
	struct rss_audit *audit = arg;

	rss_audit_record(audit, pc, pfn);
	audit->records++;
	return true;
}

/**
 * struct rss_audit_queue - what the audit found on a list
 * @list: which list
 * @pages: sum of the orders in the entries, in pages
 * @entries: number of entries
 * @good: number of good entries
 * @wrong: number of entries that belong elsewhere
 */
struct rss_audit_queue {
	enum rss_list list;
	unsigned long pages;
	unsigned long entries;
	unsigned long good;
	unsigned long wrong;
};

static bool rss_audit_entry(struct rss_node *node, u64 entry, void *arg)
{
	struct page_container *pc = rss_entry_record(node, entry);
	struct rss_audit_queue *queue = arg;

	queue->entries++;
	queue->pages += rss_entry_pages(entry);
	queue->wrong += rss_entry_list(entry) != queue->list;
	if (!pc)
		return true;
	queue->good += rss_state_busy(page_container_state(pc)) ||
		       !READ_ONCE(node->rss->dead);
	queue->wrong += queue->list !=
			rss_kind_list(rss_state_kind(page_container_state(pc))) ||
			pfn_to_nid(rss_entry_pfn(entry)) != node->turn.nid;
	return true;
}

static void rss_audit_list(struct rss_audit *audit, struct rss_container *rss,
			   int nid, enum rss_list list, unsigned long *listed)
{
	struct rss_audit_queue queue = { .list = list };
	struct rss_node *node = rss->node[nid];
	unsigned long size, nr;

	rcu_read_lock();
	spin_lock(&node->lock);
	rss_queue_walk(node, list, rss_audit_entry, &queue);
	size = node->size[list];
	nr = node->nr[list];
	spin_unlock(&node->lock);
	rcu_read_unlock();
	*listed += queue.good;
	audit->entries += queue.entries;

	if (queue.wrong)
		rss_differ(audit, "%s: node %d, list %d: %lu entries belong elsewhere\n",
			   rss_audit_path(audit, rss), nid, list, queue.wrong);
	if (size != queue.pages || nr != queue.entries)
		rss_differ(audit, "%s: node %d, list %d: size %lu, %lu entries; on it %lu, %lu\n",
			   rss_audit_path(audit, rss), nid, list, size, nr,
			   queue.pages, queue.entries);
}

static void rss_audit_lists(struct rss_audit *audit,
			    struct rss_account_sheet *sheet)
{
	struct rss_container *rss = sheet->rss;
	int nid, list;

	for_each_node(nid) {
		unsigned long listed = 0;

		for (list = 0; list < NR_RSS_LISTS; list++)
			rss_audit_list(audit, rss, nid, list, &listed);
		rss_audit_see(audit, listed);
		if (listed != sheet->named[nid])
			rss_differ(audit, "%s: node %d: %lu records name it, %lu good entries\n",
				   rss_audit_path(audit, rss), nid,
				   sheet->named[nid], listed);
		cond_resched();
	}
}

/* The stock of all CPUs; adds what they counted to @nr. */
static long rss_audit_cpus(struct rss_container *rss, long nr[NR_RSS_KINDS])
{
	long stock = 0;
	int cpu, kind;

	for_each_possible_cpu(cpu) {
		struct rss_cpu *counts = per_cpu_ptr(rss->cpu, cpu);

		stock += READ_ONCE(counts->stock);
		for (kind = 0; kind < NR_RSS_KINDS; kind++)
			nr[kind] += READ_ONCE(counts->nr[kind]);
	}
	return stock;
}

static void rss_audit_counts(struct rss_audit *audit,
			     struct rss_account_sheet *sheet)
{
	long nr[NR_RSS_KINDS] = { };
	int kind;

	rss_audit_cpus(sheet->rss, nr);
	for (kind = 0; kind < NR_RSS_KINDS; kind++) {
		rss_audit_see(audit, nr[kind]);
		if (nr[kind] != sheet->nr[kind])
			rss_differ(audit, "%s: %ld pages of kind %d counted, %ld in the records\n",
				   rss_audit_path(audit, sheet->rss), nr[kind],
				   kind, sheet->nr[kind]);
	}
}

/* A stock where a container may have none would not be found. */
static void rss_audit_stocks(struct rss_audit *audit,
			     struct rss_container *rss)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct rss_cpu *counts = per_cpu_ptr(rss->cpu, cpu);
		int stock = READ_ONCE(counts->stock);
		unsigned int max = READ_ONCE(counts->max);

		rss_audit_see(audit, stock);
		rss_audit_see(audit, max);
		if ((unsigned int)stock > max)
			rss_differ(audit, "%s: CPU %d has %d pages in stock, may have %u\n",
				   rss_audit_path(audit, rss), cpu, stock, max);
	}
}

/*
 * The counter of an offline container still includes pages passed up; that of
 * an ancestor includes stocks that are left in it.
 */
static void rss_audit_counter(struct rss_audit *audit,
			      struct rss_container *rss)
{
	unsigned long usage = res_counter_usage(&rss->res);
	long nr[NR_RSS_KINDS] = { }, sum = 0;
	struct rss_container *pos;
	int kind;

	rss_for_each_in_subtree(pos, rss)
		sum += rss_audit_cpus(pos, nr);
	for (kind = 0; kind < NR_RSS_KINDS; kind++)
		sum += nr[kind];

	rss_audit_see(audit, usage);
	rss_audit_see(audit, sum);
	if (!rss->dead && sum != usage)
		rss_differ(audit, "%s: usage of the counter is %lu, of the CPUs %ld\n",
			   rss_audit_path(audit, rss), usage, sum);
}

static void rss_audit_put_sheets(struct rss_audit *audit)
{
	struct rss_account_sheet *sheet;
	unsigned long id;

	xa_for_each(&audit->sheets, id, sheet) {
		rss_put(sheet->rss);
		kfree(sheet);
	}
	xa_destroy(&audit->sheets);
}

static int rss_audit_get_sheets(struct rss_audit *audit)
{
	struct rss_account_sheet *sheet;
	struct rss_container *pos;
	int err;

	rss_for_each_in_subtree(pos, rss_root) {
		if (rss_is_root(pos))
			continue;
		sheet = kzalloc(struct_size(sheet, named, nr_node_ids),
				GFP_KERNEL);
		err = sheet ? xa_insert(&audit->sheets, pos->id, sheet,
					GFP_KERNEL) : -ENOMEM;
		if (err) {
			kfree(sheet);
			rss_put(pos);
			return err;
		}
		css_get(&pos->css);
		sheet->rss = pos;
	}
	return 0;
}

static int rss_audit_look(struct rss_audit *audit)
{
	struct rss_account_sheet *sheet;
	unsigned long id;
	int err;

	seq_buf_clear(&audit->report);
	audit->differences = 0;
	audit->pages = 0;
	audit->records = 0;
	audit->entries = 0;
	audit->sum = 0;
	audit->held = false;

	err = rss_audit_get_sheets(audit);
	if (err)
		goto out;
	rss_pending_drain(true);
	rss_walk_records(rss_audit_walk, audit);
	xa_for_each(&audit->sheets, id, sheet) {
		rss_audit_see(audit, id);
		rss_audit_lists(audit, sheet);
		rss_audit_counts(audit, sheet);
		rss_audit_stocks(audit, sheet->rss);
		rss_audit_counter(audit, sheet->rss);
	}
out:
	rss_audit_put_sheets(audit);
	return err;
}

static int rss_audit_run(struct rss_audit *audit, bool *moving)
{
	int tries, err;
	u64 sum = 0;

	for (tries = 0; tries < RSS_AUDIT_TRIES; tries++) {
		/* A task may be preempted between a change and its hook. */
		if (tries)
			msleep(20);
		err = rss_audit_look(audit);
		/* If all agrees, moving or not, that is no coincidence. */
		*moving = audit->held;
		if (err || (!audit->differences && !*moving))
			return err;
		*moving |= audit->sum != sum;
		sum = audit->sum;
	}
	return 0;
}

static int rss_audit_show(struct seq_file *m, void *v)
{
	static DEFINE_MUTEX(audit_mutex);
	struct rss_audit *audit;
	char *report;
	bool moving;
	int err = -ENOMEM;

	report = kvmalloc(RSS_AUDIT_REPORT, GFP_KERNEL);
	audit = kzalloc(sizeof(*audit), GFP_KERNEL);
	if (!audit || !report)
		goto out;
	xa_init(&audit->sheets);
	seq_buf_init(&audit->report, report, RSS_AUDIT_REPORT);

	mutex_lock(&audit_mutex);
	get_online_mems();
	err = rss_audit_run(audit, &moving);
	put_online_mems();
	mutex_unlock(&audit_mutex);
	if (err)
		goto out;

	seq_printf(m, "differences %lu\nmoving %d\npages %lu\nrecords %lu\n",
		   audit->differences, moving, audit->pages, audit->records);
	seq_printf(m, "entries %lu\nbatches %lu\n", audit->entries,
		   rss_queue_batches());
	seq_puts(m, seq_buf_str(&audit->report));
out:
	kfree(audit);
	kvfree(report);
	return err;
}
DEFINE_SHOW_ATTRIBUTE(rss_audit);

static int __init rss_audit_init(void)
{
	if (cgroup_subsys_enabled(rss_cgrp_subsys))
		debugfs_create_file("rss_audit", 0400, NULL, NULL,
				    &rss_audit_fops);
	return 0;
}
late_initcall(rss_audit_init);
