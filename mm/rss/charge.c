// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: charging what is mapped, the second stage.
 *
 * rss_charge_folio() and rss_uncharge_folio() run under the page table lock,
 * after the map counts of a folio changed, and can't fail. prepare.c saw
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

#include "../internal.h"
#include "queue.h"

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

/* Puts the entry of a record that says @state on its way to the lists. */
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
 * The state of a folio that nobody owned and of which @mapped pages are mapped now.
 * @toucher is alive, or NULL. If the record has named it for the same kind of
 * folio, its entry will do.
 */
static u64 rss_first_state(struct folio *folio, struct rss_container *toucher,
			   enum rss_type type, u64 old, unsigned int mapped)
{
	unsigned int order = folio_order(folio), kind = type;

	if (toucher && rss_state_id(old) == toucher->id &&
	    rss_state_type(old) == type && rss_state_order(old) == order)
		return rss_state_set_nr(old, mapped);
	if (toucher)
		kind += rss_folio_lru(folio, type) * RSS_KIND_LRU;
	return rss_state_renew(rss_state_set_nr(rss_state(toucher ? toucher->id :
							  RSS_ROOT_ID, kind,
							  order), mapped), old);
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
 * Records that are held stay as they are, see migrate.c.
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
		unsigned int mapped = folio_mapped_pages(folio), nr;
		struct rss_container *owner;

		old = page_container_state(pc);
		nr = rss_state_nr(old);
		if (nr == mapped || (old & RSS_STATE_HELD))
			return;

		/* Before its record lets go of it: it may be offline then. */
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
			 * Mapped again since we found it unmapped? Then it
			 * never was nobody's, as far as the one who mapped it
			 * could see.
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
static __always_inline bool rss_hook_record(unsigned long pfn,
					    struct page_container **pc)
{
	return rss_chunk_record(rcu_dereference_raw(rss_chunks), pfn, pc);
}

/*
 * Counts one page. Returns false if that has left the stock out of balance,
 * which rss_balance() puts right: the page table lock keeps us on this CPU. (With
 * PREEMPT_RT, others may run there in between, who put it right as well.)
 */
static __always_inline bool rss_account_fast(struct rss_container *rss,
					     unsigned long kind, int nr)
{
	struct rss_cpu __percpu *cpu = rss->cpu;
	unsigned int stock;

	this_cpu_add(cpu->nr[kind], nr);
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
 * devices has no record, or is never said to be up to date.
 */
static __always_inline enum rss_type rss_small_type(struct folio *folio)
{
	unsigned long mapping = (unsigned long)READ_ONCE(folio->mapping);
	unsigned long flags;

	if (mapping & FOLIO_MAPPING_ANON)
		return RSS_ANON;
	flags = rss_folio_flags(folio);
	if (unlikely(!mapping || !(flags & BIT(PG_uptodate))))
		return NR_RSS_TYPES;
	BUILD_BUG_ON(RSS_SHMEM - RSS_FILE != 1);
	return RSS_FILE + (flags >> PG_swapbacked & 1);
}

/* Bits in which the kind of what is at home may differ from its type: the list. */
#define RSS_KIND_MASK	((u64)(RSS_STATE_LRU >> __bf_shf(RSS_STATE_KIND)))

/*
 * Most pages are small and had the same owner before: @toucher has an entry for the
 * record, and only its NR is to change. That the hook sees @toucher at home says
 * also that what it owns is not passed up before this is over.
 *
 * Returns false if that is not so, or if the stock is out of balance.
 */
static __always_inline bool rss_charge_home(struct page_container *pc,
					    struct rss_container *toucher,
					    enum rss_type type, u64 old)
{
	u64 kind = rss_state_home_kind(old, READ_ONCE(toucher->home), 0);

	return likely(!((kind ^ type) & ~RSS_KIND_MASK) &&
		      page_container_cmpxchg(pc, &old, old + 1)) &&
	       rss_account_fast(toucher, kind, 1);
}

/* What is rare: @entry, if not 0, goes to the lists, and the record follows the folio. */
static noinline void rss_charge_rest(struct page_container *pc,
				     struct folio *folio,
				     struct rss_container *toucher, u64 entry)
{
	if (entry)
		rss_pending_add_slow(toucher, entry);
	rss_charge_slow(pc, folio, toucher);
}

/*
 * A small page that another container has mapped before, or nobody. All that is
 * needed is a new entry, which waits on this CPU.
 *
 * @old is what the record said when it was seen not to be at home. If that, or
 * anything else, was a matter of rss_charge_home() having come too late, it says
 * something else now.
 *
 * Returns false if there is more to do, which may be to add @entry, if not 0.
 */
static __always_inline bool rss_charge_first(struct page_container *pc,
					     unsigned long pfn,
					     struct rss_container *toucher,
					     unsigned long kind,
					     enum rss_list list, u64 old,
					     u64 *entry)
{
	u64 home = READ_ONCE(toucher->home), gen = rss_state_next_gen(old);
	bool balanced;

	if (unlikely(rss_state_busy(old) || home & RSS_HOME_AWAY) ||
	    !page_container_cmpxchg(pc, &old, (home >> RSS_KEY_SHIFT) +
					      rss_state(0, kind, 0) + 1 + gen))
		return false;
	balanced = rss_account_fast(toucher, kind, 1);
	if (unlikely(!rss_pending_try_add(toucher, list,
					  rss_entry_small(pfn, gen, list)))) {
		*entry = rss_entry_small(pfn, gen, list);
		return false;
	}
	return balanced;
}

/*
 * Anonymous pages that were mapped before, and mlocked ones, are left to the rest. Not
 * inlined: what it needs registers for would be saved where pages are at home, too.
 */
static noinline void rss_charge_first_file(struct page_container *pc,
					   struct folio *folio,
					   struct rss_container *toucher,
					   enum rss_type type, u64 old,
					   unsigned long pfn)
{
	unsigned long flags = rss_folio_flags(folio);
	unsigned long active = flags >> PG_active & 1;
	u64 entry = 0;

	if (likely(type != RSS_ANON && !(flags & BIT(PG_mlocked)) &&
		   rss_charge_first(pc, pfn, toucher,
				    type + active * RSS_KIND_LRU,
				    RSS_INACTIVE_FILE + active, old, &entry) &&
		   atomic_read(&folio->_mapcount) >= 0))
		return;
	rss_charge_rest(pc, folio, toucher, entry);
}

/*
 * The steps are those of rss_sync_folio(), which puts right what does not look
 * as expected before the write, or after it.
 */
void __rss_charge_small(struct folio *folio, struct rss_container *rss)
{
	unsigned long pfn = folio_pfn(folio);
	struct page_container *pc;
	enum rss_type type;
	u64 old;

	if (unlikely(!rss_hook_record(pfn, &pc)))
		return;
	type = rss_small_type(folio);
	if (unlikely(type == NR_RSS_TYPES))
		return;
	old = page_container_state(pc);
	if (likely(rss_charge_home(pc, rss, type, old) &&
		   atomic_read(&folio->_mapcount) >= 0))
		return;
	rss_charge_first_file(pc, folio, rss, type, old, pfn);
}

/* Nobody can have unmapped it meanwhile, and it is on no list but the inactive. */
void __rss_charge_new(struct folio *folio, struct rss_container *rss)
{
	unsigned long pfn = folio_pfn(folio);
	struct page_container *pc;
	u64 old, entry = 0;

	if (unlikely(!rss_hook_record(pfn, &pc)))
		return;
	old = page_container_state(pc);
	if (likely(rss_charge_home(pc, rss, RSS_ANON, old) ||
		   rss_charge_first(pc, pfn, rss, RSS_ANON, RSS_INACTIVE_ANON,
				    old, &entry)))
		return;
	rss_charge_rest(pc, folio, rss, entry);
}

void __rss_charge_large(struct folio *folio, struct rss_container *rss)
{
	struct page_container *pc;

	if (likely(rss_hook_record(folio_pfn(folio), &pc)))
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
	u64 old, kind, written = NEVER_WRITTEN;
	struct page_container *pc;
	struct rss_container *rss;

	rcu_read_lock();
	if (unlikely(!rss_hook_record(folio_pfn(folio), &pc)))
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
	kind = rss_state_home_kind(old, READ_ONCE(rss->home), 1);
	if (unlikely(kind >= NR_RSS_KINDS ||
		     !page_container_cmpxchg(pc, &old, old - 1)))
		goto slow;

	written = old - 1;
	if (likely(rss_account_fast(rss, kind, -1) &&
		   atomic_read(&folio->_mapcount) < 0))
		goto out;
slow:
	rss_uncharge_slow(pc, folio, mm, written);
out:
	rcu_read_unlock();
}
