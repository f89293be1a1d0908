// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: folios that are migrated or split.
 *
 * Both unmap a folio for an instant. To its owner nothing shall happen by
 * that: usage must not dip, nobody else may become the owner since he happens
 * to be mapped again first, and there must be nothing to charge, which could
 * meet the limit.
 *
 * So the record is held before the folio is unmapped: its NR stays what it is,
 * whatever the hooks in mm/rmap.c tell. The record is then passed on, to the
 * folio that takes the place or in parts to those that it is split into. When
 * they are mapped again it is released: NR becomes what is mapped now, since
 * tasks may have exited or unmapped meanwhile.
 *
 * The folio lock is held from hold to release, by one task. There is no other
 * holder, and nobody but him maps the folio: faults wait for that lock.
 */

#include <linux/mm.h>

#include "rss.h"

/*
 * A folio that is mapped and has no owner is nobody's; it must not become
 * somebody's by being mapped again. Small folios of nobody have no mark for
 * the rest of the time.
 */
static u64 rss_nobodys(struct folio *folio)
{
	u64 state = rss_state(RSS_ROOT_ID, folio_rss_type(folio),
			      folio_order(folio));

	return rss_state_set_nr(state, folio_mapped_pages(folio));
}

void __rss_hold_folio(struct folio *folio)
{
	struct page_container *pc;
	u64 old, new;

	/* The hook that releases it has to be on, too. */
	if (!READ_ONCE(rss_root_marks))
		return;

	rcu_read_lock();
	pc = folio_page_container(folio);
	if (!pc || !folio_chargeable(folio) || folio_test_hugetlb(folio))
		goto out;

	for (;;) {
		old = page_container_state(pc);
		if (WARN_ON_ONCE(old & RSS_STATE_HELD))
			break;
		if (!rss_state_nr(old) && rss_state_id(old) > RSS_ROOT_ID) {
			rss_lru_unlink(pc, old);
			continue;
		}
		new = rss_state_nr(old) ? old : rss_nobodys(folio);
		if (!rss_state_nr(new) ||
		    page_container_cmpxchg(pc, &old, new | RSS_STATE_HELD))
			break;
	}
out:
	rcu_read_unlock();
}

/* Takes what is left of the past out of a record that nobody maps by now. */
static void rss_clear_record(struct page_container *pc)
{
	u64 old;

	while ((old = page_container_state(pc)))
		rss_lru_unlink(pc, old);
}

/*
 * Puts a record that is carried over to another node, and on no list now, on
 * one of @rss or of whoever took over from it meanwhile. On the other node it
 * has no neighbours that it could keep its place between.
 */
static void rss_settle(struct rss_container *rss, struct page_container *pc,
		       u64 state, enum rss_list list)
{
	while (rss) {
		struct rss_node *node = rss_pc_node(rss, pc);
		struct rss_container *parent = rss_parent(rss);
		bool dead;

		spin_lock(&node->lock);
		/* Pairs with rss_lru_reparent(), which sets it first. */
		dead = rss->dead;
		if (!dead) {
			atomic64_set(&pc->state, state);
			rss_list_add(node, pc, list);
		}
		spin_unlock(&node->lock);
		if (!dead)
			return;

		if (parent)
			rss_account_move(rss, parent, rss_state_type(state),
					 rss_state_nr(state));
		else
			rss_account(rss, rss_state_type(state),
				    -(long)rss_state_nr(state));
		state = rss_state_set_id(state, parent ? parent->css.id :
						RSS_ROOT_ID);
		rss = parent;
	}
	atomic64_set(&pc->state, state);
}

/*
 * Puts the record @to where @from is, in its state. Fails if that is another
 * one than @state by now; only its id can change, if its container goes.
 */
static bool rss_replace(struct rss_container *home, struct page_container *from,
			struct page_container *to, u64 state)
{
	struct rss_node *node = rss_pc_node(home, from);
	bool same_node = node == rss_pc_node(home, to);
	enum rss_list list;
	bool done = false;

	spin_lock(&node->lock);
	list = from->list;
	to->met = from->met;
	if (!same_node) {
		done = rss_list_release(node, from, state, 0);
	} else if (page_container_state(from) == state) {
		to->list = list;
		list_replace_init(&from->lru, &to->lru);
		atomic64_set(&to->state, state);
		atomic64_set(&from->state, 0);
		done = true;
	}
	spin_unlock(&node->lock);

	if (done && !same_node)
		rss_settle(home, to, state, list);
	return done;
}

void __rss_migrate_folio(struct folio *src, struct folio *dst)
{
	struct page_container *from, *to;
	struct rss_container *home;
	bool done;
	u64 state;

	/* Not where folio_migrate_flags() is: aio has interrupts off there. */
	might_sleep();

	rcu_read_lock();
	from = folio_page_container(src);
	to = folio_page_container(dst);
	if (!from || !(page_container_state(from) & RSS_STATE_HELD))
		goto out;
	if (!to) {
		/* Memory of a device is not counted, and @src unmapped. */
		__rss_release_folios(src, folio_nr_pages(src));
		goto out;
	}

	rss_clear_record(to);
	do {
		state = page_container_state(from);
		home = rss_from_id(rss_state_id(state));
		if (home) {
			done = rss_replace(home, from, to, state);
		} else {
			done = page_container_cmpxchg(from, &state, 0);
			if (done)
				atomic64_set(&to->state, state);
		}
	} while (!done);
out:
	rcu_read_unlock();
}

/*
 * Shares out what the record of a folio says among those of the @nr pages that
 * it was split into, of order @order each. The sum stays right; that each says
 * the truth is up to __rss_release_folios(). With @node the records get on the
 * list right behind the first, and that list keeps its size.
 */
static bool rss_share_out(struct rss_node *node, struct page_container *pc,
			  u64 state, unsigned int order, unsigned int nr)
{
	unsigned int left = rss_state_nr(state), size = BIT(order), share, i;
	u64 base = rss_state_set_nr(state & ~RSS_STATE_ORDER, 0) |
		   FIELD_PREP(RSS_STATE_ORDER, (u64)order);

	share = min(left, size);
	if (!page_container_cmpxchg(pc, &state, rss_state_set_nr(base, share)))
		return false;

	for (i = nr - size; i; i -= size) {
		share = clamp((int)left - (int)i, 0, (int)size);
		atomic64_set(&pc[i].state, rss_state_set_nr(base, share));
		if (!node)
			continue;
		pc[i].list = pc->list;
		pc[i].met = pc->met;
		list_add(&pc[i].lru, &pc->lru);
	}
	return true;
}

void __rss_split_folio(struct folio *folio, unsigned int nr)
{
	unsigned int order = folio_order(folio), i;
	struct rss_container *home;
	struct page_container *pc;
	struct rss_node *node;
	bool done;
	u64 state;

	rcu_read_lock();
	/* All in one chunk: no folio crosses a section. */
	pc = folio_page_container(folio);
	state = pc ? page_container_state(pc) : 0;
	/* remap_page() is also called when the folio could not be split. */
	if (!(state & RSS_STATE_HELD) || rss_state_order(state) == order)
		goto out;

	for (i = BIT(order); i < nr; i += BIT(order))
		rss_clear_record(pc + i);
	do {
		state = page_container_state(pc);
		home = rss_from_id(rss_state_id(state));
		if (!home) {
			done = rss_share_out(NULL, pc, state, order, nr);
			continue;
		}
		node = rss_pc_node(home, pc);
		spin_lock(&node->lock);
		done = rss_share_out(node, pc, state, order, nr);
		spin_unlock(&node->lock);
	} while (!done);
out:
	rcu_read_unlock();
}

/**
 * struct rss_release - what releasing several records changes in sum
 * @owner: whose they are, NULL for nobody's
 * @type: what they are charged as
 * @nr: pages that are mapped less pages that are charged
 */
struct rss_release {
	struct rss_container *owner;
	enum rss_type type;
	long nr;
};

static void rss_release_flush(struct rss_release *release)
{
	if (rss_account(release->owner, release->type, release->nr))
		rss_exceeded(release->owner, false);
	release->nr = 0;
}

static void rss_release_one(struct folio *folio, struct rss_release *release)
{
	struct page_container *pc = folio_page_container(folio);
	struct rss_container *owner;
	u64 old, new;

	if (!pc)
		return;
	old = page_container_state(pc);
	do {
		if (!(old & RSS_STATE_HELD))
			return;
		new = rss_state_set_nr(old & ~RSS_STATE_HELD,
				       folio_mapped_pages(folio));
		if (rss_state_id(old) <= RSS_ROOT_ID && !folio_test_large(folio))
			new = 0;
		/* Before the record lets go of it: it may be offline then. */
		owner = rss_from_id(rss_state_id(old));
	} while (!page_container_cmpxchg(pc, &old, new));

	if (owner != release->owner || rss_state_type(old) != release->type) {
		rss_release_flush(release);
		release->owner = owner;
		release->type = rss_state_type(old);
	}
	release->nr += (long)rss_state_nr(new) - rss_state_nr(old);

	/* Hooks between the look at the folio and the cmpxchg did nothing. */
	if (new)
		rss_resync_folio(pc, folio, new);
}

/*
 * Of a folio that was split some parts may say too much and some too little.
 * Only the sum is charged or uncharged, lest usage moves for an instant.
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
