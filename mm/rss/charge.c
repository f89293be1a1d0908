// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: charging mapped pages, the second stage.
 *
 * rss_charge_*_folio() and rss_uncharge_folio() run under the page table lock,
 * after the map counts of a folio changed, and can't fail. prepare.c has made
 * sure that the container has room.
 *
 * They do not add up what rmap reports. They make the record follow the folio,
 * whose map counts tell how many of its pages are mapped. Hooks of a file
 * folio may run in a different order than its map counts changed, and rmap's
 * numbers may be off for a large folio when mappings race. Neither matters in
 * the end: the last task to change a map count reads the folio after that.
 */

#include <linux/mm.h>
#include <linux/pagemap.h>

#include "../internal.h"
#include "queue.h"

static __always_inline bool rss_small_mapped(struct folio *folio)
{
	return atomic_read(&folio->_mapcount) >= 0;
}

/*
 * For a large folio of @nr pages. Either part of _nr_pages_mapped may be off
 * while rmap changes it; ENTIRELY_MAPPED is more than any folio has.
 */
static __always_inline unsigned int rss_large_mapped(struct folio *folio,
						     unsigned int nr)
{
	return min_t(unsigned int, atomic_read(&folio->_nr_pages_mapped), nr);
}

/**
 * rss_folio_mapped_pages - number of mapped pages of a folio
 * @folio: the folio
 *
 * Return: the number by the map counts, which may change at any time.
 */
unsigned int rss_folio_mapped_pages(struct folio *folio)
{
	if (!folio_test_large(folio))
		return rss_small_mapped(folio);
	return rss_large_mapped(folio, folio_nr_pages(folio));
}

/**
 * rss_folio_chargeable - could reclaim ever unmap a folio?
 * @folio: the folio
 *
 * Drivers also map kernel memory through the file rmap, but never mark it up
 * to date. TCP_ZEROCOPY_RECEIVE maps pages that a file has lost by truncation.
 *
 * Return: false if its pages are not counted.
 */
bool rss_folio_chargeable(struct folio *folio)
{
	if (folio_test_anon(folio))
		return true;
	return folio_test_uptodate(folio) && folio->mapping &&
	       !folio_is_zone_device(folio);
}

/**
 * rss_folio_type - the type that a folio is charged as
 * @folio: the folio
 *
 * Return: the type.
 */
enum rss_type rss_folio_type(struct folio *folio)
{
	if (folio_test_anon(folio))
		return RSS_ANON;
	return folio_test_swapbacked(folio) ? RSS_SHMEM : RSS_FILE;
}

/* No record is in this state. */
#define NEVER_WRITTEN	RSS_STATE_NR

static void rss_order_mapcount(struct folio *folio)
{
	if (!folio_test_large(folio))
		return;
	/*
	 * Between a change of the map counts and the first read of the record.
	 * Pairs with the cmpxchg in rss_sync_folio().
	 */
	smp_mb();
}

/* Add an entry for a record with this @state to the CPU or the lists. */
static void rss_add_entry(struct rss_container *rss, struct folio *folio,
			  u64 state)
{
	u64 entry = rss_state_entry(folio_pfn(folio), state);

	if (rss_state_order(state))
		rss_list_record(rss, folio_pfn(folio), state);
	else if (!rss_pending_try_add(rss, rss_entry_list(entry), entry))
		rss_pending_add_slow(rss, entry);
}

/*
 * The state of a folio without an owner of which @mapped pages are now mapped.
 * @toucher is alive, or NULL. If the record already names it, with the same
 * type and order, its entry is still good.
 */
static u64 rss_first_state(struct folio *folio, struct rss_container *toucher,
			   enum rss_type type, u64 old, unsigned int mapped)
{
	unsigned int order = folio_order(folio), kind = type;

	if (toucher && rss_state_same(old, rss_state(toucher->id, type, order)))
		return rss_state_set_nr(old, mapped);
	if (toucher)
		kind += rss_folio_lru(folio, type) * RSS_KIND_LRU;
	return rss_state_renew(rss_state_set_nr(rss_state(toucher ? toucher->id :
							  RSS_ROOT_ID, kind,
							  order), mapped), old);
}

/*
 * Set NR in the record of a folio to the number of its mapped pages, and
 * charge or uncharge its owner by the difference.
 *
 * @toucher becomes the owner if there is none and @claim is set. Unmapping
 * does not claim: if it finds no owner, the pages have none, or a racing hook
 * is about to charge what it mapped. @written is the state that the caller has
 * already written, or NEVER_WRITTEN.
 *
 * Held records stay as they are, see migrate.c.
 *
 * After each write, this reads the folio again. It pairs with itself: either
 * it sees a map count that changed meanwhile, or the task that changed it sees
 * this write. Both are fully ordered: map counts of small folios by rmap's
 * value-returning atomics, those of large ones by rss_order_mapcount().
 */
static void rss_sync_folio(struct page_container *pc, struct folio *folio,
			   struct rss_container *toucher, bool claim,
			   u64 written)
{
	enum rss_type type = rss_folio_type(folio);
	u64 old, new;

	for (;;) {
		unsigned int mapped = rss_folio_mapped_pages(folio), nr;
		struct rss_container *owner;

		old = page_container_state(pc);
		nr = rss_state_nr(old);
		if (nr == mapped || (old & RSS_STATE_HELD))
			return;

		/* Before the cmpxchg: a dead owner may lose its id after it. */
		if (toucher && toucher->id == rss_state_id(old))
			owner = toucher;
		else
			owner = rss_from_id(rss_state_id(old));
		if (nr && owner && mapped > nr && READ_ONCE(owner->dead)) {
			/* See rss_lru_reparent(). */
			rss_pass_up(owner, pc, folio_pfn(folio), &old);
			continue;
		}
		if (nr) {
			new = rss_state_set_nr(old, mapped);
		} else {
			/*
			 * Mapped again since this call wrote NR 0? Then it
			 * keeps its owner: the task that mapped it could not
			 * see it unmapped.
			 */
			if (!claim && (written == NEVER_WRITTEN ||
				       rss_state_id(old) != rss_state_id(written)))
				return;
			owner = claim ? toucher : rss_online(owner);
			new = rss_first_state(folio, owner, type, old, mapped);
		}
		if (!page_container_cmpxchg(pc, &old, new))
			continue;

		if (owner && ((old ^ new) & RSS_STATE_GEN))
			rss_add_entry(owner, folio, new);
		if (unlikely(rss_account(owner, rss_state_kind(new),
					 (long)mapped - nr)))
			rss_exceeded(owner, claim && owner != toucher);
		written = new;
	}
}

/**
 * rss_resync_folio - make the record of a folio follow it again
 * @pc: the record
 * @folio: the folio
 * @written: the state that the caller wrote; if it still names the same
 *	container, the folio keeps its owner
 *
 * Context: RCU read side.
 */
void rss_resync_folio(struct page_container *pc, struct folio *folio,
		      u64 written)
{
	rss_sync_folio(pc, folio, NULL, false, written);
}

/*
 * The hooks of small folios are written for few instructions: they handle rare
 * cases by tail calls, for which they save no registers.
 *
 * Once a container exists, so do the records. Only device memory has none.
 */
static __always_inline bool rss_hook_record(unsigned long pfn,
					    struct page_container **pc)
{
	return rss_chunk_record(rcu_dereference_raw(rss_chunks), pfn, pc);
}

/*
 * Count pages, usually one of a small folio. Returns false if the stock is now
 * out of balance. rss_balance() corrects that: the page table lock keeps the
 * task on this CPU. An interrupt, or with PREEMPT_RT another task, that comes
 * in before the stock is read has already corrected it.
 */
static __always_inline bool rss_account_fast(struct rss_container *rss,
					     unsigned long kind, int nr)
{
	struct rss_cpu __percpu *cpu = rss->cpu;

	this_cpu_add(cpu->nr[kind], nr);
	this_cpu_sub(cpu->stock, nr);
	/* While charging, only a drain lowers max, and it empties the stock. */
	if (__builtin_constant_p(nr) && nr > 0)
		return likely(raw_cpu_read(cpu->stock) >= 0);
	return likely((unsigned int)raw_cpu_read(cpu->stock) <=
		      raw_cpu_read(cpu->max));
}

/* For the mm's own container, which may have a stock on this CPU. */
static void rss_balance(struct rss_container *rss)
{
	if (rss_stock_balance(rss, true))
		rss_exceeded(rss, false);
}

/* For a large folio, after rss_order_mapcount(). */
static noinline void rss_charge_slow(struct page_container *pc,
				     struct folio *folio,
				     struct rss_container *toucher)
{
	/* The fast path used the stock of this one, which may be offline. */
	if (toucher)
		rss_balance(toucher);
	toucher = rss_online(toucher);
	if ((toucher || READ_ONCE(rss_root_marks)) &&
	    rss_folio_chargeable(folio))
		rss_sync_folio(pc, folio, toucher, true, NEVER_WRITTEN);
}

/* Bits in which the kind of a record at home may differ: the list. */
#define RSS_KIND_MASK	((u64)(RSS_STATE_LRU >> __bf_shf(RSS_STATE_KIND)))

/*
 * Most pages are small and had the same owner before: @toucher has an entry
 * for the record, and only NR changes. A hook that sees @toucher at home ends
 * before its pages are passed up.
 *
 * Returns false if it is not at home, or if the stock is out of balance.
 */
static __always_inline bool rss_charge_home(struct page_container *pc,
					    struct rss_container *toucher,
					    enum rss_type type)
{
	u64 old = page_container_state(pc);
	u64 kind = rss_state_home_kind(old, READ_ONCE(toucher->home), 0);

	return likely(!((kind ^ type) & ~RSS_KIND_MASK) &&
		      page_container_cmpxchg(pc, &old, old + 1)) &&
	       rss_account_fast(toucher, kind, 1);
}

/*
 * The rare cases: add @entry if not 0, then sync the record. Looks up record
 * and folio again, for which callers would have to save registers.
 */
static noinline void rss_charge_rest(unsigned long pfn,
				     struct rss_container *toucher, u64 entry)
{
	if (entry)
		rss_pending_add_slow(toucher, entry);
	rss_charge_slow(pfn_page_container(pfn), pfn_folio(pfn), toucher);
}

/*
 * A small page that another container mapped last, or none: it needs a new
 * entry, which waits on this CPU. Nothing is done if the page is already
 * charged, by rss_charge_home() or by a later hook.
 *
 * Returns false if there is more to do, including to add @entry if not 0.
 */
static __always_inline bool rss_charge_first(struct page_container *pc,
					     unsigned long pfn,
					     struct rss_container *toucher,
					     unsigned long kind,
					     enum rss_list inactive, u64 *entry)
{
	u64 new = READ_ONCE(toucher->home) >> RSS_KEY_SHIFT;
	u64 old = page_container_state(pc), gen = rss_state_next_gen(old);
	enum rss_list list;

	if (unlikely(!rss_state_first(old) || !rss_state_first(new)) ||
	    !page_container_cmpxchg(pc, &old,
				    new + rss_state(0, kind, 0) + 1 + gen))
		return false;
	list = inactive + kind / RSS_KIND_LRU;
	if (likely(rss_account_fast(toucher, kind, 1) &&
		   rss_pending_try_add(toucher, list,
				       rss_entry_small(pfn, gen, list))))
		return true;
	*entry = rss_entry_small(pfn, gen, list);
	return false;
}

/* The type of a folio that is not anonymous, by its flags. */
static __always_inline enum rss_type rss_file_type(unsigned long flags)
{
	BUILD_BUG_ON(RSS_SHMEM - RSS_FILE != 1);
	return RSS_FILE + (flags >> PG_swapbacked & 1);
}

/*
 * The steps are those of rss_sync_folio(), which takes over if anything is not
 * as expected before the write or after it. The checks are those of
 * rss_folio_chargeable(): device memory has no record, or is never marked up
 * to date. That the folio belongs to a file is checked at first touch only.
 */
void __rss_charge_file(struct folio *folio, struct rss_container *rss)
{
	unsigned long pfn = folio_pfn(folio), flags, active;
	struct page_container *pc;
	u64 entry = 0;

	if (unlikely(!rss_hook_record(pfn, &pc)))
		return;
	flags = rss_folio_flags(folio);
	if (unlikely(!(flags & BIT(PG_uptodate))))
		return;
	if (likely(rss_charge_home(pc, rss, rss_file_type(flags)))) {
		if (likely(rss_small_mapped(folio)))
			return;
		goto rest;
	}
	/* Computing the type again is cheaper than keeping it. */
	OPTIMIZER_HIDE_VAR(flags);
	active = flags >> PG_active & 1;
	if (likely(!(flags & BIT(PG_mlocked)) && READ_ONCE(folio->mapping) &&
		   rss_charge_first(pc, pfn, rss, rss_file_type(flags) +
						  active * RSS_KIND_LRU,
				    RSS_INACTIVE_FILE, &entry) &&
		   rss_small_mapped(folio)))
		return;
rest:
	rss_charge_rest(pfn, rss, entry);
}

/* An anonymous page that was mapped before may be on any list. */
void __rss_charge_anon(struct folio *folio, struct rss_container *rss)
{
	unsigned long pfn = folio_pfn(folio);
	struct page_container *pc;

	if (unlikely(!rss_hook_record(pfn, &pc)))
		return;
	if (unlikely(!rss_charge_home(pc, rss, RSS_ANON) ||
		     !rss_small_mapped(folio)))
		rss_charge_rest(pfn, rss, 0);
}

/* It can't have been unmapped meanwhile, and belongs on the inactive list. */
void __rss_charge_new(struct folio *folio, struct rss_container *rss)
{
	unsigned long pfn = folio_pfn(folio);
	struct page_container *pc;
	u64 entry = 0;

	if (unlikely(!rss_hook_record(pfn, &pc)))
		return;
	if (likely(rss_charge_home(pc, rss, RSS_ANON) ||
		   rss_charge_first(pc, pfn, rss, RSS_ANON, RSS_INACTIVE_ANON,
				    &entry)))
		return;
	rss_charge_rest(pfn, rss, entry);
}

/*
 * rss_sync_folio() for a large folio whose record already names @rss, as owner
 * or, if @claim is set, as last owner. For tasks outside any container, @rss is
 * NULL, and the record has, or had, the mark of the root.
 *
 * Returns false if that is not so, or if the map count changed after the
 * record was written; *@written is what was written, if anything.
 */
static __always_inline bool rss_sync_large_home(struct page_container *pc,
						struct folio *folio,
						struct rss_container *rss,
						bool claim, u64 *written)
{
	unsigned int pages = folio_nr_pages(folio), mapped, nr;
	u64 old, new, home;

	mapped = rss_large_mapped(folio, pages);
	old = page_container_state(pc);
	nr = rss_state_nr(old);
	if (nr == mapped || old & RSS_STATE_HELD)
		return true;
	home = rss ? READ_ONCE(rss->home) : rss_state_home(RSS_ROOT_ID);
	new = rss_state(0, rss_folio_type(folio), folio_order(folio)) |
	      home >> RSS_KEY_SHIFT;
	if (unlikely(home & RSS_HOME_AWAY || !rss_state_same(old, new) ||
		     (!claim && !nr)))
		return false;
	new = old - nr + mapped;
	if (unlikely(!page_container_cmpxchg(pc, &old, new)))
		return false;

	*written = new;
	if (rss && !rss_account_fast(rss, rss_state_kind(new),
				     (int)mapped - (int)nr))
		rss_balance(rss);
	return rss_large_mapped(folio, pages) == mapped;
}

void __rss_charge_large(struct folio *folio, struct rss_container *rss)
{
	struct page_container *pc;
	u64 written;

	if (unlikely(!rss_hook_record(folio_pfn(folio), &pc)))
		return;
	rss_order_mapcount(folio);
	if (likely(rss_folio_chargeable(folio) &&
		   rss_sync_large_home(pc, folio, rss, true, &written)))
		return;
	rss_charge_slow(pc, folio, rss);
}

static noinline void rss_uncharge_slow(struct page_container *pc,
				       struct folio *folio,
				       struct mm_struct *mm, u64 written)
{
	struct rss_container *rss = rcu_dereference(mm->rss_container);

	rss_order_mapcount(folio);
	if (folio_test_large(folio)) {
		if (rss_sync_large_home(pc, folio, rss, false, &written))
			return;
	} else if (written != NEVER_WRITTEN) {
		/* The mm may have been moved since. */
		if (!rss || rss->id != rss_state_id(written))
			rss = rss_from_id(rss_state_id(written));
		if (rss)
			rss_balance(rss);
		/* Only the stock kept the fast path from completing. */
		if (!rss_small_mapped(folio))
			return;
	}
	rss_sync_folio(pc, folio, rss, false, written);
}

void __rss_uncharge_folio(struct folio *folio, struct mm_struct *mm)
{
	u64 old, kind, written = NEVER_WRITTEN;
	struct page_container *pc;
	struct rss_container *rss;

	rcu_read_lock();
	if (unlikely(!rss_hook_record(folio_pfn(folio), &pc)))
		goto out;
	old = page_container_state(pc);
	rss = rcu_dereference(mm->rss_container);
	if (!rss) {
		/* A large folio needs a barrier before this read. */
		if (!rss_state_nr(old) && !folio_test_large(folio))
			goto out;
		goto slow;
	}

	/* As in rss_charge_home(): one page, small, of this very container. */
	kind = rss_state_home_kind(old, READ_ONCE(rss->home), 1);
	if (unlikely(kind >= NR_RSS_KINDS ||
		     !page_container_cmpxchg(pc, &old, old - 1)))
		goto slow;

	written = old - 1;
	if (likely(rss_account_fast(rss, kind, -1) && !rss_small_mapped(folio)))
		goto out;
slow:
	rss_uncharge_slow(pc, folio, mm, written);
out:
	rcu_read_unlock();
}
