// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: folios that are migrated or split.
 *
 * Both unmap a folio briefly. The owner must not notice: usage must not dip,
 * another container must not become the owner by mapping the folio first, and
 * mapping it again must not need a charge, which could meet the limit.
 *
 * So the record is held before the folio is unmapped: its NR does not change,
 * whatever the hooks in mm/rmap.c report. The record is then passed on, to the
 * folio that takes its place or, in parts, to the folios that it is split
 * into. Once these are mapped again, the record is released: NR becomes what
 * is mapped by then, as tasks may have exited or unmapped pages meanwhile.
 *
 * One task holds the folio lock from hold to release. There is no other
 * holder, and only the holder maps the folio: faults wait for that lock.
 */

#include <linux/mm.h>

#include "rss.h"

/*
 * A mapped folio without an owner must not get one by being mapped again.
 * Small folios without an owner have a mark only while they are held.
 */
static u64 rss_unowned_state(struct folio *folio)
{
	u64 state = rss_state(RSS_ROOT_ID, rss_folio_type(folio),
			      folio_order(folio));

	return rss_state_set_nr(state, rss_folio_mapped_pages(folio));
}

void __rss_hold_folio(struct folio *folio)
{
	struct page_container *pc;
	u64 old, new;

	/* The hook that releases it must be on, too. */
	if (!READ_ONCE(rss_root_marks))
		return;

	rcu_read_lock();
	pc = folio_page_container(folio);
	if (!pc || !rss_folio_chargeable(folio) || folio_test_hugetlb(folio))
		goto out;

	old = page_container_state(pc);
	do {
		if (WARN_ON_ONCE(old & RSS_STATE_HELD))
			break;
		new = rss_state_nr(old) ? old :
		      rss_state_renew(rss_unowned_state(folio), old);
		if (!rss_state_nr(new))
			break;
	} while (!page_container_cmpxchg(pc, &old, new | RSS_STATE_HELD));
out:
	rcu_read_unlock();
}

/* Give a record without an owner the state of another one. */
static u64 rss_copy_state(struct page_container *pc, u64 state)
{
	u64 old = page_container_state(pc), new;

	do {
		WARN_ON_ONCE(rss_state_busy(old));
		new = rss_state_renew(state, old);
	} while (!page_container_cmpxchg(pc, &old, new));
	return new;
}

/*
 * The owner of a held record. To get a new entry, it must be alive in this RCU
 * read-side section: a dead owner first passes the record up.
 */
static struct rss_container *rss_held_owner(struct page_container *pc,
					    struct folio *folio, u64 *state)
{
	struct rss_container *owner;

	for (;;) {
		*state = page_container_state(pc);
		owner = rss_from_id(rss_state_id(*state));
		if (!owner || !READ_ONCE(owner->dead))
			return owner;
		rss_pass_up(owner, pc, folio_pfn(folio), state);
	}
}

void __rss_migrate_folio(struct folio *src, struct folio *dst)
{
	struct page_container *from, *to;
	struct rss_container *owner;
	u64 state;

	/* Not called in folio_migrate_flags(): aio has interrupts off there. */
	might_sleep();

	rcu_read_lock();
	from = folio_page_container(src);
	to = folio_page_container(dst);
	if (!from || !(page_container_state(from) & RSS_STATE_HELD))
		goto out;
	if (!to) {
		/* Device memory is not counted, and @src was unmapped. */
		__rss_release_folios(src, folio_nr_pages(src));
		goto out;
	}

	do {
		owner = rss_held_owner(from, src, &state);
	} while (!page_container_cmpxchg(from, &state, rss_state_blank(state)));
	/* MET stays: the folio is no newcomer to its owner. */
	state = rss_copy_state(to, state);
	if (owner)
		rss_list_record(owner, folio_pfn(dst), state);
out:
	rcu_read_unlock();
}

/* The share of @folio, a part, in what @state says of all: *@left, as far as it goes. */
static u64 rss_part_state(struct folio *folio, u64 state, unsigned int *left)
{
	unsigned int share = min_t(unsigned int, *left, folio_nr_pages(folio));

	*left -= share;
	state &= ~RSS_STATE_ORDER;
	state |= FIELD_PREP(RSS_STATE_ORDER, (u64)folio_order(folio));
	return rss_state_set_nr(state, share);
}

/*
 * Share out @state, that of the record of @folio, among the parts that its @nr
 * pages were split into, of any orders. The sum stays right;
 * __rss_release_folios() corrects the individual records. Parts for which
 * nothing is left name no container, so they do not pin the owner. Returns
 * false if the record has changed.
 */
static bool rss_share_out(struct rss_container *owner, struct page_container *pc,
			  struct folio *folio, u64 state, unsigned int nr)
{
	unsigned int left = rss_state_nr(state), i = 0;
	u64 part = rss_state_renew(rss_part_state(folio, state, &left), state);

	if (!page_container_cmpxchg(pc, &state, part))
		return false;
	for (;;) {
		if (owner && rss_state_nr(part))
			rss_list_record(owner, folio_pfn(folio), part);
		i += folio_nr_pages(folio);
		if (i >= nr)
			return true;
		folio = folio_next(folio);
		part = rss_part_state(folio, part, &left);
		part = rss_copy_state(pc + i, rss_state_nr(part) ?
				      part : RSS_STATE_HELD);
	}
}

void __rss_split_folio(struct folio *folio, unsigned int nr)
{
	unsigned int order = folio_order(folio);
	struct rss_container *owner;
	struct page_container *pc;
	u64 state;

	rcu_read_lock();
	/* All in one chunk: no folio crosses a section. */
	pc = folio_page_container(folio);
	state = pc ? page_container_state(pc) : 0;
	/* remap_page() is also called if the folio could not be split. */
	if (!(state & RSS_STATE_HELD) || rss_state_order(state) == order)
		goto out;

	do {
		owner = rss_held_owner(pc, folio, &state);
	} while (!rss_share_out(owner, pc, folio, state, nr));
out:
	rcu_read_unlock();
}

/**
 * struct rss_release - the combined change of releasing several records
 * @owner: their owner, NULL if they have none
 * @kind: what they are charged as, and their list
 * @nr: pages mapped minus pages charged
 */
struct rss_release {
	struct rss_container *owner;
	unsigned int kind;
	long nr;
};

static void rss_release_flush(struct rss_release *release)
{
	if (rss_account(release->owner, release->kind, release->nr))
		rss_exceeded(release->owner, false);
	release->nr = 0;
}

/*
 * The state of a part's record once released. A part without a share gets the
 * owner of the parts before it. Small folios without an owner have no mark.
 */
static u64 rss_released_state(struct folio *folio, u64 old,
			      const struct rss_release *owner)
{
	unsigned int mapped = rss_folio_mapped_pages(folio);
	u64 new;

	if (!owner->owner && !folio_test_large(folio))
		return rss_state_blank(old);
	if (rss_state_nr(old))
		return rss_state_set_nr(old & ~RSS_STATE_HELD, mapped);
	if (!mapped)
		return rss_state_blank(old);
	new = rss_state(owner->owner ? owner->owner->id : RSS_ROOT_ID,
			owner->kind, folio_order(folio));
	return rss_state_renew(rss_state_set_nr(new, mapped), old);
}

static void rss_release_one(struct folio *folio, struct rss_release *release)
{
	struct page_container *pc = folio_page_container(folio);
	struct rss_release owner;
	u64 old, new;

	if (!pc)
		return;
	do {
		owner = *release;
		old = page_container_state(pc);
		if (!(old & RSS_STATE_HELD))
			return;
		if (rss_state_nr(old)) {
			owner.owner = rss_held_owner(pc, folio, &old);
			owner.kind = rss_state_kind(old);
		}
		new = rss_released_state(folio, old, &owner);
	} while (!page_container_cmpxchg(pc, &old, new));

	if (!rss_state_nr(old) && rss_state_nr(new) && owner.owner)
		rss_list_record(owner.owner, folio_pfn(folio), new);
	if (owner.owner != release->owner || owner.kind != release->kind) {
		rss_release_flush(release);
		*release = owner;
		release->nr = 0;
	}
	release->nr += (long)rss_state_nr(new) - rss_state_nr(old);

	/* Hooks between the read of the folio and the cmpxchg did nothing. */
	if (rss_state_id(new))
		rss_resync_folio(pc, folio, new);
}

/*
 * Some parts of a split folio may say too much and others too little. Only the
 * sum is charged or uncharged, so that usage does not move briefly.
 */
void __rss_release_folios(struct folio *folio, unsigned int nr)
{
	struct rss_release release = { };
	unsigned int i = 0;

	rcu_read_lock();
	for (;;) {
		rss_release_one(folio, &release);
		i += folio_nr_pages(folio);
		if (i >= nr)
			break;
		folio = folio_next(folio);
	}
	rss_release_flush(&release);
	rcu_read_unlock();
}
