/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: shared declarations. Documentation/mm/rss_container.rst
 * explains how the files work together.
 */
#ifndef _MM_RSS_H
#define _MM_RSS_H

#include <linux/cgroup.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/rbtree.h>
#include <linux/res_counter.h>
#include <linux/rss_container.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "page.h"

/*
 * Lists of a container on a node. File lists hold pages that are reclaimed by
 * unmapping, including shmem; anon lists hold pages that must be swapped out.
 */
enum rss_list {
	RSS_INACTIVE_ANON,
	RSS_ACTIVE_ANON,
	RSS_INACTIVE_FILE,
	RSS_ACTIVE_FILE,
	RSS_UNEVICTABLE,
	NR_RSS_LISTS,
};

/**
 * struct rss_turn - place in the order in which pages are given, see turn.c
 * @rb: link in the turns of a container
 * @given: the share of its own pages that it has given, compared to the other
 *	turns of the container
 * @linked: whether @rb is linked
 * @over: it will not be linked again; only of a child
 * @nid: the node whose lists of the container it stands for; NUMA_NO_NODE if
 *	it stands for a child. Constant
 *
 * Protected by the container's turns_lock. @linked of a node also changes
 * under the lock of its lists and may be read under either.
 */
struct rss_turn {
	struct rb_node rb;
	u64 given;
	bool linked;
	bool over;
	int nid;
};

/**
 * struct rss_node - lists of a container on one node
 * @rss: the container; constant
 * @lock: protects all below
 * @lists: entries for pages, by enum rss_list, in batches, most recently added
 *	first; see queue.c
 * @nr: entries on each list
 * @size: pages of the folios that these are for, including those unmapped or
 *	owned by others since: scans correct the lists
 * @turn: its turn in @rss; the lists are empty if it has none
 * @anon_due: anonymous pages to scan for file pages that were scanned, see
 *	reclaim.c; a hint, no lock
 * @anon_looked: jiffies when all anonymous pages were scanned in vain, for
 *	lack of swap; a hint, no lock
 * @anon_searched: jiffies when they were scanned, in vain or not; likewise
 *
 * @lock nests inside the page table lock and outside turns_lock. It is never
 * taken in interrupt context: only tasks map, unmap and scan pages.
 */
struct rss_node {
	struct rss_container *rss;
	spinlock_t lock;
	struct list_head lists[NR_RSS_LISTS];
	unsigned int nr[NR_RSS_LISTS];
	unsigned long size[NR_RSS_LISTS];
	struct rss_turn turn;
	unsigned long anon_due;
	unsigned long anon_looked;
	unsigned long anon_searched;
};

/**
 * struct rss_cpu - what one CPU counts for a container
 * @stock: pages charged to the counters in advance; negative only between the
 *	two halves of rss_account()
 * @max: most pages that may stay in @stock: RSS_STOCK_MAX for the one
 *	container whose stock this CPU has, see stock.c; 0 for all others, and
 *	close to a watermark, while tasks wait for room, or after a drain
 * @nr: pages charged minus pages uncharged on this CPU, by kind: type and
 *	list, as in RSS_STATE_KIND
 *
 * Changed only by the CPU itself, by this_cpu operations, which neither
 * preemption nor rss_stock_drain()'s interrupt can split. The sum of @stock
 * and @nr over all CPUs is what the container has charged to its counter.
 */
struct rss_cpu {
	int stock;
	unsigned int max;
	long nr[NR_RSS_KINDS];
};

/*
 * The most pages that a stock may hold, to which it is filled at once, and the
 * size to which a larger one is cut back: large enough not to be empty soon.
 */
#define RSS_STOCK_MAX	128
#define RSS_STOCK_KEEP	(RSS_STOCK_MAX / 4)

/* Near the limit: reclaim leaves less room than this, and so do stocks. */
#define RSS_TIGHT_MARGIN	(2 * RSS_STOCK_MAX)

/* Events that user space can wait for. */
enum rss_event {
	RSS_EVENT_WATERMARK,
	RSS_EVENT_LIMIT,
	RSS_EVENT_OOM,
	RSS_EVENT_OOM_KILL,
	NR_RSS_EVENTS,
};

/* What is known about a full container, see full.c. */
enum rss_full_state {
	RSS_FULL_ROOM,
	RSS_FULL_DRY,
	RSS_FULL_STUCK,
};

/**
 * struct rss_full - what is known while a container is full
 * @state: enum rss_full_state; no lock
 * @logged: it was logged that nothing can be killed; no lock
 * @looked: jiffies of the last attempt to reclaim; no lock
 * @looks: how often that found next to nothing, after nothing; no lock
 * @reclaiming: tasks that reclaim because it is full
 * @pushers: tasks outside, held up because they pushed it past its limit
 * @wait: tasks that wait for room
 * @refaults: recent faults, see thrash.c; NULL until it is first full
 */
struct rss_full {
	enum rss_full_state state;
	bool logged;
	unsigned long looked;
	unsigned int looks;
	atomic_t reclaiming;
	atomic_t pushers;
	wait_queue_head_t wait;
	struct rss_refaults *refaults;
};

/**
 * struct rss_container - a group of tasks whose mapped pages are limited
 * @css: the cgroup subsystem state
 * @home: rss_state_home() of @id, with RSS_HOME_AWAY unless online; no lock:
 *	hooks that see it end before pages are passed up
 * @cpu: stocks and page counts; constant
 * @id: its name in records, see id.c; constant
 * @over: a charge exceeded a limit at this level or above, which has not been
 *	resolved yet; set by rss_stock_apply(), cleared by rss_resolve_over(),
 *	read without a lock: a stale read costs one more fault that exceeds the
 *	limit
 * @tight: room up to some limit on the way up was less than RSS_TIGHT_MARGIN
 *	when a stock was last filled; a hint
 * @dead: offline; set once, a grace period before its pages are passed up.
 *	Once it is set, the container must not become the owner of any page
 * @full: what is known while it is full
 * @ownerless: its mms that no longer have an owner, see mm.c
 * @ownerless_lock: protects @ownerless and rss_container of the mms on it; a
 *	child's nests outside its parent's, nothing else inside
 * @res: charged pages with stocks, hierarchical
 * @watermark: usage whose crossing is an event, in pages; RES_COUNTER_MAX for
 *	none; set under rss_watermark_mutex, read without
 * @mark: how usage stood to @watermark at the last check, RSS_MARK_* in
 *	watermark.c; changed by cmpxchg
 * @events: number of events, in the container and below, by enum rss_event
 * @events_local: the same without descendants
 * @events_file: the control file that shows @events
 * @events_local_file: the one that shows @events_local
 * @peaks: openers of rss.peak that wrote to it
 * @peaks_lock: protects @peaks and their values; nothing nests inside
 * @reclaimed: pages that reclaim on behalf of this container uncharged
 * @turn: its turn at the parent, for the whole subtree
 * @turns: turns of its own lists and of its children, next one first
 * @turns_given: what all of @turns have given at least
 * @nr_turns: number of turns; changed under @turns_lock
 * @nr_child_turns: number of children's turns among them; likewise
 * @turns_lock: protects @turns and what is linked there; nothing nests inside.
 *	It nests inside the lock of a node
 * @scanned: pages scanned by any reclaim, here and below
 * @stolen: pages uncharged by any reclaim, here and below
 * @over_work: brings it back under its limit if none of its tasks does, with a
 *	reference
 * @offline_work: the rest of the removal once it is @dead, with a reference
 * @passed: pages passed up to ancestors so far; @offline_work only
 * @node: lists by node id; constant
 */
struct rss_container {
	struct cgroup_subsys_state css;

	u64 home;
	struct rss_cpu __percpu *cpu;
	u32 id;
	bool over;
	bool tight;
	bool dead;
	struct rss_full full;
	struct list_head ownerless;
	spinlock_t ownerless_lock;

	struct res_counter res;
	unsigned long watermark;
	atomic_t mark;
	atomic_long_t events[NR_RSS_EVENTS];
	atomic_long_t events_local[NR_RSS_EVENTS];
	struct cgroup_file events_file;
	struct cgroup_file events_local_file;
	struct list_head peaks;
	spinlock_t peaks_lock;
	atomic_long_t reclaimed;
	struct rss_turn turn;
	struct rb_root_cached turns;
	u64 turns_given;
	unsigned int nr_turns;
	unsigned int nr_child_turns;
	spinlock_t turns_lock;
	atomic_long_t scanned;
	atomic_long_t stolen;
	struct work_struct over_work;
	struct rcu_work offline_work;
	unsigned long passed;

	struct rss_node *node[];
};

static inline bool rss_queue_work(struct work_struct *work)
{
	return queue_work(system_dfl_wq, work);
}

/* All flags of a folio in one read. */
static __always_inline unsigned long rss_folio_flags(struct folio *folio)
{
	return READ_ONCE(folio->flags.f);
}

/* The list of pages counted as @kind. */
static __always_inline enum rss_list rss_kind_list(unsigned int kind)
{
	unsigned int lru = kind / RSS_KIND_LRU;

	if (lru == RSS_MLOCKED)
		return RSS_UNEVICTABLE;
	return (kind % RSS_KIND_LRU == RSS_ANON ? RSS_INACTIVE_ANON :
						  RSS_INACTIVE_FILE) + lru;
}

/* The entry for a page whose record is @state, good while it stays so. */
static inline u64 rss_state_entry(unsigned long pfn, u64 state)
{
	return rss_entry(pfn, state, rss_kind_list(rss_state_kind(state)));
}

/* Whether all lists are empty. Exact under the lock. */
static inline bool rss_node_empty(const struct rss_node *node)
{
	int list;

	for (list = 0; list < NR_RSS_LISTS; list++)
		if (READ_ONCE(node->size[list]))
			return false;
	return true;
}

static inline struct rss_container *
css_to_rss(struct cgroup_subsys_state *css)
{
	return css ? container_of(css, struct rss_container, css) : NULL;
}

static inline struct rss_container *res_to_rss(struct res_counter *cnt)
{
	return container_of(cnt, struct rss_container, res);
}

static inline bool rss_is_root(const struct rss_container *rss)
{
	return !rss->css.parent;
}

/* The name of a container in traces. */
static inline u64 rss_trace_id(const struct rss_container *rss)
{
	return cgroup_id(rss->css.cgroup);
}

/* The next container up, NULL for none: the root neither owns nor limits. */
static inline struct rss_container *rss_parent(struct rss_container *rss)
{
	struct rss_container *parent = css_to_rss(rss->css.parent);

	return parent && !rss_is_root(parent) ? parent : NULL;
}

/* The container, or its nearest living ancestor if it is offline. RCU. */
static inline struct rss_container *rss_online(struct rss_container *rss)
{
	while (rss && unlikely(READ_ONCE(rss->dead)))
		rss = rss_parent(rss);
	return rss;
}

static inline bool rss_is_inside(struct rss_container *rss,
				 struct rss_container *root)
{
	return rss && cgroup_is_descendant(rss->css.cgroup, root->css.cgroup);
}

/* The container that owns new first touches of @mm, or NULL. RCU. */
static inline struct rss_container *mm_to_rss(struct mm_struct *mm)
{
	return rss_online(rcu_dereference(mm->rss_container));
}

/**
 * rss_for_each_in_subtree - walk a container and its descendants
 * @pos: struct rss_container cursor; holds a reference. If the loop is left
 *	early, it must be put by rss_put()
 * @root: where to start
 *
 * Context: may sleep in the body.
 */
#define rss_for_each_in_subtree(pos, root)			\
	for ((pos) = rss_next_in_subtree(NULL, (root)); (pos);	\
	     (pos) = rss_next_in_subtree((pos), (root)))

/*
 * Whether tasks outside any container mark large folios that they map first,
 * so that a container that maps another part is not charged for theirs. True
 * once all hooks are on: a mark that only one of them sees would stay.
 */
extern bool rss_root_marks;

/* Parent of all containers; constant. It has neither node[] nor cpu. */
extern struct rss_container *rss_root;

struct rss_container *rss_next_in_subtree(struct rss_container *prev,
					  struct rss_container *root);
struct rss_container *rss_get_from_mm(struct mm_struct *mm);

static inline void rss_put(struct rss_container *rss)
{
	if (rss)
		css_put(&rss->css);
}

/* mm.c */
void rss_attach(struct cgroup_taskset *tset);
void rss_fork(struct task_struct *task);
void rss_mm_reparent(struct rss_container *rss);

/* charge.c */
unsigned int rss_folio_mapped_pages(struct folio *folio);
bool rss_folio_chargeable(struct folio *folio);
enum rss_type rss_folio_type(struct folio *folio);
void rss_resync_folio(struct page_container *pc, struct folio *folio,
		      u64 written);

/* id.c */
int rss_id_alloc(struct rss_container *rss);
void rss_id_retire(struct rss_container *rss);
struct rss_container *rss_from_id(u32 id);

/* pending.c; for the rest see queue.h */
void rss_pending_drain(bool all);

/* queue.c; for the rest see queue.h */
void rss_batch_prepare(void);
void rss_forget_entries(void);

/* full.c */

/*
 * Kernel faults that may go past the limit in one system call: more than the
 * kernel copies where a failure would be fatal to the task, such as a signal
 * frame.
 */
#define RSS_KERNEL_EXCESS	64

void rss_full_init(struct rss_container *rss);
void rss_full_leave(struct rss_container *rss);
void rss_full_room(struct rss_container *rss);
bool rss_full_awaited(struct rss_container *rss);
bool rss_full_claim_scan(struct rss_container *rss, bool sure);
bool rss_full_stuck(struct rss_container *rss);
bool rss_full_doubted(struct rss_container *rss);
void rss_full_found(struct rss_container *rss, unsigned long nr, bool doubted);
bool rss_full_give_up(struct rss_container *rss);
void rss_full_wait(struct rss_container *rss, bool over);

/* thrash.c */
bool rss_note_fault(struct rss_container *full, struct mm_struct *mm,
		    unsigned long address, u64 start);

/* over.c */
bool rss_reclaim_at_limit(struct rss_container *rss, unsigned long nr,
			  bool sure);
bool rss_kill_at_limit(struct rss_container *rss, bool thrashes);
void rss_limit_met(struct rss_container *rss);
int rss_resolve_over(struct rss_container *rss, struct rss_container *killer);
int rss_resolve_pushed(void);
void rss_wait_for_room(struct rss_container *rss, bool over);
void rss_over_fn(struct work_struct *work);
void rss_exceeded(struct rss_container *rss, bool pushed);

/* push.c */
bool rss_push(struct rss_container *rss, struct rss_container *own);
void rss_end_push(struct task_struct *task);

/* stock.c */
void rss_stock_watch(void);
void rss_stock_unwatch(void);
bool rss_stock_balance(struct rss_container *rss, bool own);
int rss_stock_trim(struct rss_container *rss);
bool rss_stock_apply(struct rss_container *rss, int nr, bool own);
void rss_account_move(struct rss_container *from, unsigned int from_kind,
		      struct rss_container *to, unsigned int to_kind, long nr);
bool rss_owns_any(struct rss_container *rss);
void rss_stock_drop(struct rss_container *rss);
int rss_stock_fill(struct rss_container *rss, unsigned long margin,
		   struct res_counter **fail);
void rss_stock_drain(struct rss_container *root);
void rss_stock_stop(struct rss_container *root);
void rss_stock_release(struct rss_container *rss);
void rss_stock_free(struct rss_container *rss);

/**
 * struct rss_sums - the pages that a container and its descendants own
 * @type: by enum rss_type
 * @list: by enum rss_list; the same pages
 */
struct rss_sums {
	unsigned long type[NR_RSS_TYPES];
	unsigned long list[NR_RSS_LISTS];
};

void rss_count(struct rss_container *root, struct rss_sums *sums);

/* event.c */
void rss_event(struct rss_container *rss, enum rss_event event);
void rss_events_show(struct seq_file *m, atomic_long_t events[NR_RSS_EVENTS],
		     const char *limit_name);

/* watermark.c */
void rss_watermark_init(struct rss_container *rss);
void rss_watermark_free(struct rss_container *rss);
bool rss_watermark_note(struct rss_container *rss);
void rss_set_watermark(struct rss_container *rss, unsigned long nr);

/**
 * rss_account - count pages that were mapped or unmapped
 * @rss: their owner, NULL for none
 * @kind: their type and list
 * @nr: how many were mapped; negative if unmapped
 *
 * Context: RCU read side. May migrate to another CPU meanwhile.
 * Return: true if that exceeded a limit; then call rss_exceeded().
 */
static inline bool rss_account(struct rss_container *rss, unsigned int kind,
			       long nr)
{
	unsigned int stock;
	int excess = 0;

	if (!rss)
		return false;

	/* On another CPU, an unbalanced stock would not be corrected. */
	preempt_disable();
	this_cpu_add(rss->cpu->nr[kind], nr);
	stock = this_cpu_sub_return(rss->cpu->stock, (int)nr);
	if (unlikely(stock > this_cpu_read(rss->cpu->max)))
		excess = rss_stock_trim(rss);
	preempt_enable();

	return unlikely(excess) && rss_stock_apply(rss, excess, false);
}

/* turn.c */

/**
 * struct rss_victim - whose turn it is
 * @rss: the container, with a reference
 * @nid: the node
 * @size: reclaimable pages on its lists there
 */
struct rss_victim {
	struct rss_container *rss;
	int nid;
	unsigned long size;
};

void rss_turns_init(struct rss_container *rss);
void rss_turns_begin(struct rss_node *node);
void rss_turns_end(struct rss_container *rss);
void rss_turns_forget(struct rss_container *rss);
int rss_next_victim(struct rss_container *root, bool spare,
		    struct rss_victim *victim);
void rss_victim_done(struct rss_container *root, struct rss_victim *victim,
		     unsigned long taken, unsigned long vain);
struct rss_container *rss_next_active(struct rss_container *prev,
				      struct rss_container *root);
unsigned long rss_node_reclaimable(struct rss_node *node);
unsigned long rss_reclaimable(struct rss_container *rss);

/* lru.c */
void rss_node_init(struct rss_container *rss, int nid);
void rss_list_add(struct rss_node *node, u64 entry);
void rss_lists_add(struct rss_container *rss, const u64 *entries,
		   unsigned int nr);
void rss_list_record(struct rss_container *rss, unsigned long pfn, u64 state);
void rss_find_lost(void);
enum rss_lru rss_folio_lru(struct folio *folio, enum rss_type type);
bool rss_set_lru(struct rss_container *rss, struct page_container *pc,
		 unsigned long pfn, u64 *state, enum rss_lru lru);
bool rss_pass_up(struct rss_container *rss, struct page_container *pc,
		 unsigned long pfn, u64 *state);
void rss_lists_free(struct rss_container *rss);
int rss_lru_reparent(struct rss_container *rss, unsigned int nr);

/* isolate.c */

/**
 * struct rss_isolate - one batch of folios on a container's list
 * @rss: the container
 * @nid: the node
 * @list: the list to scan from its tail
 * @huge: pass over all but huge pages, reclaimable or not
 * @nr_to_scan: most pages to scan, not counting dropped entries and pages
 *	passed over without a reference
 * @nr_urgent: pages that a task waits for
 * @ignore_references: also reclaim pages in use
 * @recent: stale entries were just dropped: keep entries that are passed over
 *	without reading the record
 * @busy: folios were met that others had locked, just unmapped, or taken off
 *	the LRU
 * @used: folios were found in use, and their accessed bits cleared
 * @swap_full: a memory cgroup without swap left, as of its last page that was
 *	met; only compared
 * @nr_scanned: pages scanned, passed over or dropped
 * @nr_passed: pages passed over, as they can't be reclaimed
 * @new: bitmap of the folios that no scan has met before
 * @nr_mapped: mapped pages of the container in the folios, before
 * @nr_kept: how many of these are in folios that were left in place
 * @nr_uncharged: how many of @nr_mapped reclaim has unmapped
 * @nr_isolated: pages taken off the global LRU, [0] anon, [1] file
 */
struct rss_isolate {
	struct rss_container *rss;
	int nid;
	enum rss_list list;
	bool huge;
	unsigned long nr_to_scan;
	unsigned long nr_urgent;
	bool ignore_references;
	bool recent;
	bool busy;
	bool used;
	const struct mem_cgroup *swap_full;
	unsigned long nr_scanned;
	unsigned long nr_passed;
	unsigned long new;
	unsigned long nr_mapped;
	unsigned long nr_kept;
	unsigned long nr_uncharged;
	unsigned long nr_isolated[2];
};

struct page_container *rss_folio_record(struct folio *folio);
u64 rss_isolate_state(struct rss_isolate *iso, struct page_container *pc);
bool rss_isolate_judge(struct rss_isolate *iso, struct folio *folio,
		       bool once);
unsigned int rss_grab_folios(struct rss_isolate *iso, struct folio **folios);
unsigned int rss_sort_folio(struct rss_container *rss, struct folio *folio,
			    bool activate);
void rss_sort_pages(struct rss_isolate *iso);
bool rss_age_newcomers(struct rss_isolate *iso);
void rss_isolate_pages(void *private, struct list_head *dst);
void rss_putback_pages(struct rss_isolate *iso, struct list_head *src);
void rss_deactivate(struct rss_node *node, enum rss_list active,
		    unsigned long nr);

/* use.c */

/* What to do with a folio depending on its use. */
enum rss_verdict {
	RSS_EVICT,
	RSS_ROTATE,
	RSS_ACTIVATE,
};

enum rss_verdict rss_judge_folio(struct folio *folio, bool once);
void rss_show_use_again(void);

/* unmap.c */
void rss_unmap_pages(struct rss_isolate *iso);

/* Retries without progress before giving up, see RSS_BUSY_PAUSE. */
#define RSS_RECLAIM_RETRIES	5

/*
 * Give up shrinking after this multiple of the pages needed: tasks then map
 * pages again as fast as they are reclaimed.
 */
#define RSS_SHRINK_EFFORT	4

/* Most pages to reclaim on request between checks for a signal. */
#define RSS_RECLAIM_BATCH	512UL

/**
 * struct rss_shrink - progress of shrinking a container
 * @budget: pages that may be reclaimed before giving up: others then map them
 *	as fast
 * @retries: reclaim attempts without progress that are left before giving up
 */
struct rss_shrink {
	unsigned long budget;
	int retries;
};

/* busy.c */
void rss_await_busy(void);

/* reclaim.c */
unsigned long try_to_free_pages_in_container(struct rss_container *root,
					     unsigned long nr_pages,
					     bool urgent, bool *busy);
int rss_reclaim_pages(struct rss_container *rss, unsigned long nr);
void rss_shrink_start(struct rss_shrink *shrink, struct rss_container *rss,
		      unsigned long nr);
int rss_shrink_usage_to(struct rss_container *rss, unsigned long nr,
			struct rss_shrink *shrink);

/* split.c */
unsigned long rss_split_underused(struct rss_container *root,
				  unsigned long wanted);

/* oom.c */
int rss_scan_tasks(struct rss_container *root,
		   int (*fn)(struct task_struct *task, void *arg), void *arg);
bool rss_out_of_memory(struct rss_container *rss, bool thrashes);

/**
 * struct rss_choice - the choice of a victim
 * @root: the container at the top of the subtree
 * @thrashes: it is within its limit, but its tasks make no progress
 * @task: the victim, with a reference; NULL if there is none
 * @points: its badness
 * @dying: none is chosen, as one is already dying
 */
struct rss_choice {
	struct rss_container *root;
	bool thrashes;
	struct task_struct *task;
	long points;
	bool dying;
};

/* badness.c */
struct mm_struct *rss_get_candidate_mm(struct rss_container *root,
				       struct task_struct *task);
bool rss_has_victim(struct rss_container *root);
void rss_choose_victim(struct rss_choice *choice);

/* files_v1.c, files_v2.c */
extern struct cftype rss_files_legacy[];
extern struct cftype rss_files_dfl[];

/* files.c */
unsigned long rss_usage(struct rss_container *rss);
int rss_resize_limit(struct rss_container *rss, unsigned long limit);
void rss_force_limit(struct rss_container *rss, unsigned long limit);
void rss_show_stat(struct seq_file *m, struct rss_container *rss,
		   unsigned int shift);

static inline struct rss_container *of_to_rss(struct kernfs_open_file *of)
{
	return css_to_rss(of_css(of));
}

static inline struct rss_container *seq_to_rss(struct seq_file *m)
{
	return css_to_rss(seq_css(m));
}

#endif /* _MM_RSS_H */
