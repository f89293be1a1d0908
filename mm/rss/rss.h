/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: what its files share. Documentation/mm/rss_container.rst
 * explains how they work together.
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
 * Lists of a container on a node. File lists hold what is reclaimed by
 * unmapping it, shmem included; anon lists what has to be swapped out.
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
 * @given: the share of its own that it has given, as far as the others of the
 *	container are concerned
 * @linked: whether @rb is linked
 * @over: it will not be linked any more; of a child only
 * @nid: the node whose lists of the container it is about; NUMA_NO_NODE: it is
 *	about a child. Constant
 *
 * The container's turns_lock protects all of it. @linked of a node changes under
 * the lock of its lists, too, and may be read under either.
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
 * @size: pages of the folios that these are for, including those that are unmapped
 *	by now, or another's: lists are put right when they are scanned
 * @turn: its turns in @rss; the lists are empty if it has none
 * @anon_due: anonymous pages to be looked at for those of files that were, see
 *	reclaim.c; a hint, no lock
 * @anon_looked: jiffies when all anonymous pages were gone through in vain, for
 *	want of swap; a hint, no lock
 * @anon_searched: jiffies when they were gone through, in vain or not; likewise
 *
 * @lock nests inside the page table lock and outside turns_lock. It is never taken
 * in interrupt context: pages are mapped, unmapped and scanned by tasks only.
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
 * struct rss_cpu - what a container counts on one CPU
 * @stock: pages charged to the counters in advance; negative only between
 *	the two halves of rss_account()
 * @max: most pages that may stay in @stock: RSS_STOCK_MAX for the one container
 *	whose stock this CPU has, see stock.c; 0 for all others, and for that
 *	one, too, close to a watermark
 * @nr: pages charged less pages uncharged on this CPU, by kind: type and list, as
 *	RSS_STATE_KIND has them
 *
 * Changed by this_cpu operations on the CPU itself only, hence tolerant of
 * preemption and of rss_stock_drain()'s interrupt. The sum over all CPUs of
 * @stock and @nr is what the container has charged to its counter.
 */
struct rss_cpu {
	int stock;
	unsigned int max;
	long nr[NR_RSS_KINDS];
};

/* Pages to take from the counter at once, and what a stock is cut back to. */
#define RSS_STOCK_BATCH	64
#define RSS_STOCK_MAX	(2 * RSS_STOCK_BATCH)

/* Reclaim leaves less room than this at the limit, and so do stocks. */
#define RSS_TIGHT_MARGIN	(2 * RSS_STOCK_MAX)

/* What user space can wait for. */
enum rss_event {
	RSS_EVENT_WATERMARK,
	RSS_EVENT_LIMIT,
	RSS_EVENT_OOM,
	RSS_EVENT_OOM_KILL,
	NR_RSS_EVENTS,
};

/* What is known of a container that is full, see full.c. */
enum rss_full_state {
	RSS_FULL_ROOM,
	RSS_FULL_DRY,
	RSS_FULL_STUCK,
};

/**
 * struct rss_full - what is known while a container is full
 * @state: enum rss_full_state; no lock
 * @told: the log has been told that nothing can be killed; no lock
 * @looked: jiffies when reclaim was tried last; no lock
 * @looks: how often that found next to nothing, after nothing; no lock
 * @reclaiming: tasks that reclaim because it is full
 * @pushers: tasks outside that are held up since they pushed it past its limit
 * @wait: tasks that wait for room
 * @refaults: what faulted lately, see thrash.c; NULL until it is full for
 *	the first time
 */
struct rss_full {
	enum rss_full_state state;
	bool told;
	unsigned long looked;
	unsigned int looks;
	atomic_t reclaiming;
	atomic_t pushers;
	wait_queue_head_t wait;
	struct rss_refaults *refaults;
};

/**
 * struct rss_container - a group of tasks whose mapped pages are limited
 * @css: what makes it a cgroup
 * @home: rss_state_home() of @id, with RSS_HOME_AWAY unless online; no lock: hooks
 *	that see it are over before what the container owns is passed up
 * @cpu: stocks and page counts; constant
 * @id: by which records name it, see id.c; constant
 * @over: a charge went past a limit at this level or above, and nobody has
 *	looked since whether that still is so; set by rss_account(), cleared by
 *	rss_resolve_over(), read without a lock: too late a look costs one more
 *	fault that goes past the limit
 * @tight: there was less than RSS_TIGHT_MARGIN up to some limit on the way up
 *	when a stock was last filled; a hint
 * @dead: offline; set once, a grace period before what it owns is passed up. Who
 *	finds it set lets it own nothing more
 * @full: what is known while it is full
 * @ownerless: mms without an owner that were its, see mm.c
 * @ownerless_lock: protects @ownerless and rss_container of the mms on it; a
 *	child's nests outside its parent's, nothing else inside
 * @res: charged pages with stocks, hierarchical
 * @watermark: usage whose crossing is an event, in pages; RES_COUNTER_MAX for
 *	none; set under watermark_mutex, read without
 * @mark: how usage stood to @watermark when it was last looked at, RSS_MARK_* in
 *	watermark.c; changed by cmpxchg
 * @events: how often it happened, in the container and below, by enum rss_event
 * @events_local: the same without what happened below
 * @events_file: the control file that shows @events
 * @events_local_file: the one that shows @events_local
 * @peaks: those who opened rss.peak and wrote to it
 * @peaks_lock: protects @peaks and their values; nothing nests inside
 * @reclaimed: pages that reclaim on behalf of this container uncharged
 * @turn: its turns at the parent, for all of the subtree
 * @turns: turns of its own lists and of its children, next one first
 * @turns_given: what all of @turns have given at least
 * @nr_turns: how many there are; changed under @turns_lock
 * @nr_child_turns: how many of them are children's; likewise
 * @turns_lock: protects @turns and what is linked there; nothing nests inside.
 *	It nests inside the lock of a node
 * @scanned: pages that were scanned by any reclaim, here and below
 * @stolen: pages that any reclaim uncharged, here and below
 * @over_work: brings it back under its limit where no task of its own does,
 *	with a reference
 * @offline_work: what is left to do once it is @dead, with a reference
 * @passed: pages that went to ancestors so far; @offline_work only
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

/* All flags of a folio in one look. */
static __always_inline unsigned long rss_folio_flags(struct folio *folio)
{
	return READ_ONCE(folio->flags.f);
}

/* The list for what is counted as @kind. */
static __always_inline enum rss_list rss_kind_list(unsigned int kind)
{
	unsigned int lru = kind / RSS_KIND_LRU;

	if (lru == RSS_MLOCKED)
		return RSS_UNEVICTABLE;
	return (kind % RSS_KIND_LRU == RSS_ANON ? RSS_INACTIVE_ANON :
						  RSS_INACTIVE_FILE) + lru;
}

/* An entry for a page whose record says @state, which is good as long as it does. */
static inline u64 rss_state_entry(unsigned long pfn, u64 state)
{
	return rss_entry(pfn, state, rss_kind_list(rss_state_kind(state)));
}

/* Whether there is no entry on any list. Exact under the lock. */
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

/* How traces name a container. */
static inline u64 rss_trace_id(const struct rss_container *rss)
{
	return cgroup_id(rss->css.cgroup);
}

/* The next container up, NULL for nobody: the root neither owns nor limits. */
static inline struct rss_container *rss_parent(struct rss_container *rss)
{
	struct rss_container *parent = css_to_rss(rss->css.parent);

	return parent && !rss_is_root(parent) ? parent : NULL;
}

/* The container itself, or the one above that took over if it is offline. RCU. */
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

/* Whom first touches of @mm are charged to now, NULL for nobody. RCU. */
static inline struct rss_container *mm_to_rss(struct mm_struct *mm)
{
	return rss_online(rcu_dereference(mm->rss_container));
}

/**
 * rss_for_each_in_subtree - walk a container and its descendants
 * @pos: struct rss_container cursor; holds a reference, which a loop that is
 *	left early has to put by rss_put()
 * @root: where to start
 *
 * Context: may sleep in the body.
 */
#define rss_for_each_in_subtree(pos, root)			\
	for ((pos) = rss_next_in_subtree(NULL, (root)); (pos);	\
	     (pos) = rss_next_in_subtree((pos), (root)))

/*
 * Whether tasks outside any container leave their mark on large folios that
 * they map first, lest a container that maps another part pays for theirs.
 * True once all hooks are on: a mark that only one of them sees would stay.
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
unsigned int folio_mapped_pages(struct folio *folio);
bool folio_chargeable(struct folio *folio);
enum rss_type folio_rss_type(struct folio *folio);
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

/* Faults of the kernel that may go past the limit in one system call. */
#define RSS_KERNEL_EXCESS	64

void rss_full_init(struct rss_container *rss);
void rss_full_leave(struct rss_container *rss);
void rss_full_room(struct rss_container *rss);
bool rss_full_awaited(struct rss_container *rss);
bool rss_full_dry(struct rss_container *rss, bool sure);
bool rss_full_stuck(struct rss_container *rss);
bool rss_full_doubted(struct rss_container *rss);
void rss_full_found(struct rss_container *rss, unsigned long nr, bool doubted);
bool rss_full_give_up(struct rss_container *rss);
void rss_full_wait(struct rss_container *rss, bool over);

/* thrash.c */
bool rss_thrashes(struct rss_container *full, struct mm_struct *mm,
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
bool rss_watermark_note(struct rss_container *rss);
void rss_set_watermark(struct rss_container *rss, unsigned long nr);

/**
 * rss_account - count pages that were mapped or unmapped
 * @rss: their owner, NULL if nobody
 * @kind: what they are, and on which list
 * @nr: how many were mapped; negative: unmapped
 *
 * Context: RCU read side. Any CPU may take over in between.
 * Return: true if that exceeded a limit, which rss_exceeded() has to be told.
 */
static inline bool rss_account(struct rss_container *rss, unsigned int kind,
			       long nr)
{
	unsigned int stock;
	int excess = 0;

	if (!rss)
		return false;

	/* Nobody would look for what is left in the stock of another CPU. */
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
 * @size: pages on its lists there that reclaim could get at
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
void rss_end_turn(struct rss_container *root, struct rss_victim *victim,
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
 * @list: which list to scan from its tail
 * @huge: pass over all but huge pages, whether they can be reclaimed or not
 * @nr_to_scan: most pages to look at; entries that are dropped, and pages that are
 *	passed over without a reference, do not count
 * @nr_urgent: pages that somebody waits for
 * @ignore_references: reclaim what is in use, too
 * @recent: stale entries were dropped just now: those for pages that are passed over
 *	may be kept without a look at the record
 * @busy: folios were met that others have locked, unmapped just now, or taken
 *	off the LRU
 * @used: folios were found in use, and what page tables say of that was cleared
 * @swap_full: a memory cgroup that has no swap left, as of its last page that was
 *	met; only compared
 * @nr_scanned: pages looked at or passed over
 * @nr_passed: pages passed over, since reclaim can't get at them
 * @new: which of the folios no scan has met before, bit by bit
 * @nr_mapped: mapped pages of the container in the folios, before
 * @nr_kept: how many of these are in folios that were left where they are
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
bool rss_isolate_unused(struct rss_isolate *iso, struct folio *folio,
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

/* What to do with a folio by how it is used. */
enum rss_verdict {
	RSS_EVICT,
	RSS_ROTATE,
	RSS_ACTIVATE,
};

enum rss_verdict rss_judge_folio(struct folio *folio, bool once);
void rss_show_use_again(void);

/* unmap.c */
void rss_unmap_pages(struct rss_isolate *iso);

/* How often to try on without progress before giving up. */
#define RSS_RECLAIM_RETRIES	5

/* When shrinking, how many times what there is to do may be reclaimed. */
#define RSS_SHRINK_EFFORT	4

/* Most pages to reclaim on request before looking for a signal again. */
#define RSS_RECLAIM_BATCH	512UL

/**
 * struct rss_shrink - how shrinking a container goes
 * @budget: pages that may be reclaimed before giving up; others map them again
 *	as fast then
 * @retries: calls of reclaim without any result that are left before giving up
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
 * struct rss_choice - whom to kill
 * @root: the container at the top of the subtree
 * @thrashes: it is within its limit, but its tasks get nowhere
 * @task: the victim, with a reference; NULL if there is none
 * @points: its badness
 * @dying: there is none to choose since one is on its way out already
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
