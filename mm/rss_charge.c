// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: charging what is mapped, the second stage.
 *
 * rss_charge_folio() and rss_uncharge_folio() run under the page table lock,
 * after the map counts of a folio changed, and can't fail. rss_prepare.c saw
 * before that the container has room.
 *
 * They don't count what they are told. They make the record follow the folio:
 * how many of its pages are mapped is known from the folio itself. Hooks of a
 * file folio may run in another order than its map counts changed, and rmap's
 * own numbers may be off for a large folio when mappings race; neither leaves
 * a trace, since the last one to change a map count looks at the folio after
 * that.
 */

#include <linux/mm.h>
#include <linux/pagemap.h>

#include "internal.h"
#include "rss.h"

/**
 * folio_mapped_pages - how many pages of a folio are mapped
 * @folio: the folio
 *
 * Return: their number by the map counts, which may change any time.
 */
unsigned int folio_mapped_pages(struct folio *folio)
{
	unsigned int mapped;

	if (!folio_test_large(folio))
		return atomic_read(&folio->_mapcount) >= 0;

	/* Either part may be off while rmap changes it. */
	mapped = atomic_read(&folio->_nr_pages_mapped);
	if (mapped >= ENTIRELY_MAPPED)
		return folio_nr_pages(folio);
	return min_t(unsigned int, mapped, folio_nr_pages(folio));
}

/**
 * folio_chargeable - whether reclaim could ever unmap a folio
 * @folio: the folio
 *
 * Drivers map memory of the kernel by the file rmap, too, some with a mapping
 * set, but don't claim that it is up to date with a file.
 *
 * Return: false if its pages are not counted.
 */
bool folio_chargeable(struct folio *folio)
{
	if (folio_test_anon(folio))
		return true;
	return folio_test_uptodate(folio) && folio->mapping &&
	       !folio_is_zone_device(folio);
}

/**
 * folio_rss_type - what a folio is charged as
 * @folio: the folio
 *
 * Return: its type.
 */
enum rss_type folio_rss_type(struct folio *folio)
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
	 * Between a change of the map counts and the first look at the record.
	 * Pairs with the cmpxchg in rss_sync_folio().
	 */
	smp_mb();
}

/*
 * Makes the record of a folio say how many of its pages are mapped, and
 * charges or uncharges its owner by the difference.
 *
 * @toucher owns the folio if nobody does. @claim says whether that is allowed:
 * unmapping finds nobody where pages of nobody's are unmapped, or where a
 * racing rss_charge_folio() is about to charge what it mapped. @written is the
 * state that the caller wrote already, or NEVER_WRITTEN.
 *
 * Records that are held stay as they are, see rss_migrate.c.
 *
 * After writing, this looks at the folio again. It pairs with itself: either
 * it sees a map count that changed meanwhile, or the one who changed it sees
 * what was written. Both are fully ordered, the map counts of small folios by
 * rmap's value-returning atomics, those of large ones by rss_order_mapcount().
 */
static void rss_sync_folio(struct page_container *pc, struct folio *folio,
			   struct rss_container *toucher, bool claim,
			   u64 written)
{
	enum rss_type type = folio_rss_type(folio);
	u64 old, new;

	for (;;) {
		unsigned int mapped = folio_mapped_pages(folio);
		struct rss_container *owner;

		old = page_container_state(pc);
		if (rss_state_nr(old) == mapped || (old & RSS_STATE_HELD))
			return;

		if (!rss_state_nr(old)) {
			u64 home;

			/*
			 * Mapped again since we found it unmapped? Then it
			 * never was nobody's, as far as the one who mapped it
			 * could see.
			 */
			if (!claim && old != written)
				return;
			if (!claim)
				toucher = rss_from_id(rss_state_id(old));
			home = rss_state(toucher ? toucher->css.id :
					 RSS_ROOT_ID, type, folio_order(folio));
			if (old != home) {
				toucher = rss_lru_link(pc, folio, toucher,
						       home);
				continue;
			}
		}

		/* Before its record lets go of it: it may be offline then. */
		if (toucher && toucher->css.id == rss_state_id(old))
			owner = toucher;
		else
			owner = rss_from_id(rss_state_id(old));
		new = rss_state_set_nr(old, mapped);
		if (!page_container_cmpxchg(pc, &old, new))
			continue;

		if (unlikely(rss_account(owner, rss_state_type(old),
					 (long)mapped - rss_state_nr(old))))
			rss_exceeded(owner, claim && owner != toucher);
		written = new;
	}
}

/**
 * rss_resync_folio - make the record of a folio follow it again
 * @pc: the record
 * @folio: the folio
 * @written: the state that the caller gave it; if nobody else did, the folio
 *	keeps its owner
 *
 * Context: RCU read side.
 */
void rss_resync_folio(struct page_container *pc, struct folio *folio,
		      u64 written)
{
	rss_sync_folio(pc, folio, NULL, false, written);
}

/*
 * What the hooks of small folios do is written for few instructions: they leave
 * by tail calls, and save no registers for what is rare.
 *
 * Where there are containers, there is memory for records. There is none for
 * memory of devices only.
 */
static __always_inline bool rss_hook_record(struct folio *folio,
					    struct page_container **pc)
{
	return rss_chunk_record(rcu_dereference_raw(rss_chunks),
				folio_pfn(folio), pc);
}

/*
 * Counts one page. Returns false if that has left the stock out of balance,
 * which rss_balance() puts right: the page table lock keeps us on this CPU. (With
 * PREEMPT_RT, others may run there in between, who put it right as well.)
 */
static __always_inline bool rss_account_fast(struct rss_container *rss,
					     enum rss_type type, int nr)
{
	struct rss_cpu __percpu *cpu = rss->cpu;
	unsigned int stock;

	this_cpu_add(cpu->nr[type], nr);
	stock = this_cpu_sub_return(cpu->stock, nr);
	return likely(stock <= raw_cpu_read(cpu->max));
}

/* For the mm's own container, whose pages come and go on this CPU. */
static void rss_balance(struct rss_container *rss)
{
	if (rss_stock_balance(rss, true))
		rss_exceeded(rss, false);
}

static noinline void rss_charge_slow(struct page_container *pc,
				     struct folio *folio,
				     struct rss_container *toucher)
{
	rss_order_mapcount(folio);
	/* Of whom the fast path took. That one may be offline. */
	if (toucher)
		rss_balance(toucher);
	toucher = rss_online(toucher);
	if ((toucher || READ_ONCE(rss_root_marks)) && folio_chargeable(folio))
		rss_sync_folio(pc, folio, toucher, true, NEVER_WRITTEN);
}

/*
 * What a small folio is charged as, as by folio_chargeable() and
 * folio_rss_type(), from one look at it. NR_RSS_TYPES if it is not. Memory of
 * devices has no record that is at home anywhere.
 */
static __always_inline enum rss_type rss_small_type(struct folio *folio)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	unsigned long flags;

	if (mapping & PAGE_MAPPING_ANON)
		return RSS_ANON;
	flags = READ_ONCE(folio->flags);
	if (unlikely(!mapping || !(flags & BIT(PG_uptodate))))
		return NR_RSS_TYPES;
	BUILD_BUG_ON(RSS_SHMEM - RSS_FILE != 1);
	return RSS_FILE + (flags >> PG_swapbacked & 1);
}

/*
 * Most pages are small and had the same owner before: the record is on a list
 * of @toucher, and only its NR is to change. That id in the state says also
 * that @toucher is not past the end of rss_lru_reparent().
 *
 * Returns false if that is not so, or if the stock is out of balance.
 */
static __always_inline bool rss_charge_home(struct page_container *pc,
					    struct rss_container *toucher,
					    enum rss_type type)
{
	u64 old = page_container_state(pc);

	return likely(old == toucher->home[type] &&
		      page_container_cmpxchg(pc, &old, old + 1)) &&
	       rss_account_fast(toucher, type, 1);
}

/*
 * The steps are those of rss_sync_folio(), which puts right what does not look
 * as expected before the write, or after it.
 */
void __rss_charge_small(struct folio *folio, struct rss_container *rss)
{
	struct page_container *pc;
	enum rss_type type;

	if (unlikely(!rss_hook_record(folio, &pc)))
		return;
	type = rss_small_type(folio);
	if (unlikely(type == NR_RSS_TYPES || !rss_charge_home(pc, rss, type) ||
		     atomic_read(&folio->_mapcount) < 0))
		rss_charge_slow(pc, folio, rss);
}

/* Nobody can have unmapped it meanwhile. */
void __rss_charge_new(struct folio *folio, struct rss_container *rss)
{
	struct page_container *pc;

	if (likely(rss_hook_record(folio, &pc)) &&
	    unlikely(!rss_charge_home(pc, rss, RSS_ANON)))
		rss_charge_slow(pc, folio, rss);
}

void __rss_charge_large(struct folio *folio, struct rss_container *rss)
{
	struct page_container *pc;

	if (likely(rss_hook_record(folio, &pc)))
		rss_charge_slow(pc, folio, rss);
}

static noinline void rss_uncharge_slow(struct page_container *pc,
				       struct folio *folio,
				       struct mm_struct *mm, u64 written)
{
	struct rss_container *rss = rcu_dereference(mm->rss_container);

	rss_order_mapcount(folio);
	if (rss)
		rss_balance(rss);
	rss_sync_folio(pc, folio, rss, false, written);
}

void __rss_uncharge_folio(struct folio *folio, struct mm_struct *mm)
{
	u64 old, type, written = NEVER_WRITTEN;
	struct page_container *pc;
	struct rss_container *rss;

	rcu_read_lock();
	if (unlikely(!rss_hook_record(folio, &pc)))
		goto out;
	old = page_container_state(pc);
	rss = rcu_dereference(mm->rss_container);
	if (!rss) {
		/* A large folio needs a barrier before this look. */
		if (!rss_state_nr(old) && !folio_test_large(folio))
			goto out;
		goto slow;
	}

	/* As in rss_charge_home(): one page, small, of this very container. */
	type = rss_state_single(old, rss->home[0]);
	if (unlikely(type >= NR_RSS_TYPES ||
		     !page_container_cmpxchg(pc, &old, old - 1)))
		goto slow;

	written = old - 1;
	if (likely(rss_account_fast(rss, type, -1) &&
		   atomic_read(&folio->_mapcount) < 0))
		goto out;
slow:
	rss_uncharge_slow(pc, folio, mm, written);
out:
	rcu_read_unlock();
}
