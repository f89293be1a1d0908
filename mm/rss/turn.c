// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: which list to reclaim from next.
 *
 * Descendants are reclaimed in proportion to their reclaimable pages. A level
 * of the hierarchy has a turn for each child with entries on its lists or
 * below, and for each node with entries on lists of the level itself. They are
 * ordered by the share of its own pages that each has given so far; the next
 * turn is the one that has given least. If it is a child's, the search
 * continues with the turns of the child, down to a node of a container. So
 * finding a turn takes the depth times the logarithm of the width, and
 * children without entries cost nothing.
 *
 * Each level has its own order. So limits at several levels that are hit
 * alternately take from a level in the same order, and none undoes what
 * another has balanced.
 *
 * A turn begins when lists get their first entry (rss_list_add()), from the
 * bottom up. It ends when reclaim comes to it and finds nothing left.
 */

#include <linux/math64.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/swap.h>

#include "rss.h"

/*
 * Shares are fractions of 1 << RSS_TURN_WHOLE_SHIFT. A page scanned in vain
 * counts as 1 / RSS_TURN_VAIN of a page taken: a container whose pages are all
 * in use is asked more often, but can't keep others from being asked.
 */
#define RSS_TURN_WHOLE_SHIFT	32
#define RSS_TURN_VAIN		8

/* A turn that can't give comes up again when others gave this much more. */
#define RSS_TURN_PAUSE		(1ULL << (RSS_TURN_WHOLE_SHIFT - 5))

/*
 * A child with less than 1 / RSS_TURN_SPARED of a fair share is spared: if it
 * sleeps, a limit that its busy siblings keep hitting would empty it.
 */
#define RSS_TURN_SPARED		4

/* Turns to pass over before the lock is dropped. */
#define RSS_TURN_BATCH		32

/* The nid of a child's turn at its parent. */
#define RSS_TURN_CHILD		NUMA_NO_NODE

static struct rss_turn *rb_to_turn(struct rb_node *rb)
{
	return rb_entry(rb, struct rss_turn, rb);
}

static struct rss_container *rss_turn_child(struct rss_turn *turn)
{
	return container_of(turn, struct rss_container, turn);
}

static bool rss_turn_less(struct rb_node *a, const struct rb_node *b)
{
	return rb_to_turn(a)->given < rb_entry(b, struct rss_turn, rb)->given;
}

void rss_turns_init(struct rss_container *rss)
{
	spin_lock_init(&rss->turns_lock);
	rss->turns = RB_ROOT_CACHED;
	rss->turn.nid = RSS_TURN_CHILD;
}

static void rss_turn_add(struct rss_container *level, struct rss_turn *turn)
{
	lockdep_assert_held(&level->turns_lock);

	/* New and idle turns start at the current share. */
	turn->given = max(turn->given, level->turns_given);
	rb_add_cached(&turn->rb, &level->turns, rss_turn_less);
	turn->linked = true;
	WRITE_ONCE(level->nr_turns, level->nr_turns + 1);
	if (turn->nid == RSS_TURN_CHILD)
		WRITE_ONCE(level->nr_child_turns, level->nr_child_turns + 1);
}

static void rss_turn_del(struct rss_container *level, struct rss_turn *turn)
{
	lockdep_assert_held(&level->turns_lock);

	rb_erase_cached(&turn->rb, &level->turns);
	turn->linked = false;
	WRITE_ONCE(level->nr_turns, level->nr_turns - 1);
	if (turn->nid == RSS_TURN_CHILD)
		WRITE_ONCE(level->nr_child_turns, level->nr_child_turns - 1);
}

/* Move a turn to its new place after it gave @share. */
static void rss_turn_advance(struct rss_container *level, struct rss_turn *turn,
			     u64 share)
{
	lockdep_assert_held(&level->turns_lock);

	turn->given += share;
	if (!turn->linked)
		return;
	rb_erase_cached(&turn->rb, &level->turns);
	rb_add_cached(&turn->rb, &level->turns, rss_turn_less);
}

static bool rss_turn_begin(struct rss_container *level, struct rss_turn *turn)
{
	bool begins;

	spin_lock(&level->turns_lock);
	begins = !turn->linked && !turn->over;
	if (begins)
		rss_turn_add(level, turn);
	spin_unlock(&level->turns_lock);

	return begins;
}

/**
 * rss_turns_begin - begin a turn for the lists of a container on a node
 * @node: the lists, which get their first entry
 *
 * Also for the container at its parent, and so on. Pairs with
 * rss_child_turn_end(): the second to lock the parent sees the other's change.
 *
 * Context: @node's lock held.
 */
void rss_turns_begin(struct rss_node *node)
{
	struct rss_container *level = node->rss;
	struct rss_turn *turn = &node->turn;

	lockdep_assert_held(&node->lock);

	while (level && rss_turn_begin(level, turn)) {
		turn = &level->turn;
		level = rss_parent(level);
	}
}

/* End the turn of the lists of @level on a node if they are empty. */
static void rss_node_turn_end(struct rss_container *level, struct rss_node *node)
{
	/* Nothing is added meanwhile. */
	spin_lock(&node->lock);
	if (node->turn.linked && rss_node_empty(node)) {
		spin_lock(&level->turns_lock);
		rss_turn_del(level, &node->turn);
		spin_unlock(&level->turns_lock);
	}
	spin_unlock(&node->lock);
}

/**
 * rss_turns_end - end the turns of empty lists of a container
 * @rss: the container
 */
void rss_turns_end(struct rss_container *rss)
{
	int nid;

	for_each_node(nid)
		if (rss_node_empty(rss->node[nid]))
			rss_node_turn_end(rss, rss->node[nid]);
}

/*
 * End the turn of a child that has none itself. If it gets one now,
 * rss_turns_begin() waits for the lock and then begins a turn here.
 */
static bool rss_child_turn_end(struct rss_container *level,
			       struct rss_turn *turn)
{
	lockdep_assert_held(&level->turns_lock);

	if (turn->nid != RSS_TURN_CHILD ||
	    READ_ONCE(rss_turn_child(turn)->nr_turns))
		return false;
	rss_turn_del(level, turn);
	return true;
}

/**
 * rss_turns_forget - end the turn of a container at its parent for good
 * @rss: the container, a grace period before its reference count is freed:
 *	tasks that find its turn try to get a reference. Entries that are still
 *	on their way to its lists begin no other turn
 */
void rss_turns_forget(struct rss_container *rss)
{
	struct rss_container *parent = css_to_rss(rss->css.parent);

	if (!parent)
		return;
	spin_lock(&parent->turns_lock);
	rss->turn.over = true;
	if (rss->turn.linked)
		rss_turn_del(parent, &rss->turn);
	spin_unlock(&parent->turns_lock);
}

/**
 * rss_node_reclaimable - number of reclaimable pages on a node
 * @node: the lists of a container there
 *
 * Return: the number as of the last scans.
 */
unsigned long rss_node_reclaimable(struct rss_node *node)
{
	unsigned long *size = node->size;
	unsigned long nr;

	nr = READ_ONCE(size[RSS_INACTIVE_FILE]) +
	     READ_ONCE(size[RSS_ACTIVE_FILE]);
	if (get_nr_swap_pages() > 0)
		nr += READ_ONCE(size[RSS_INACTIVE_ANON]) +
		      READ_ONCE(size[RSS_ACTIVE_ANON]);
	return nr;
}

/**
 * rss_reclaimable - number of reclaimable pages of a container
 * @rss: the container
 *
 * Return: the number without descendants.
 */
unsigned long rss_reclaimable(struct rss_container *rss)
{
	unsigned long nr = 0;
	int nid;

	for_each_node_state(nid, N_MEMORY)
		nr += rss_node_reclaimable(rss->node[nid]);
	return nr;
}

/*
 * The whole that @turn's share is a part of. Lists include pages unmapped
 * since the last scan, so it is at most usage, but not 0, or these would never
 * be dropped. For children that have children, usage has to do: it includes
 * pages that can't be reclaimed, but needs no walk.
 */
static unsigned long rss_turn_size(struct rss_container *level,
				   struct rss_turn *turn)
{
	struct rss_container *child;
	unsigned long usage, nr;

	if (turn->nid != RSS_TURN_CHILD)
		return rss_node_reclaimable(level->node[turn->nid]);
	child = rss_turn_child(turn);
	usage = res_counter_usage(&child->res);
	if (READ_ONCE(child->nr_child_turns))
		return usage;
	nr = rss_reclaimable(child);
	return nr ? clamp(usage, 1UL, nr) : 0;
}

/* Children with less than this are left alone as long as others give. */
static unsigned long rss_spared(struct rss_container *level)
{
	unsigned long fair = min(res_counter_usage(&level->res),
				 res_counter_limit(&level->res));

	return fair / max(READ_ONCE(level->nr_turns), 1U) / RSS_TURN_SPARED;
}

static bool rss_turn_passes(struct rss_turn *turn, unsigned long size,
			    unsigned long spared)
{
	if (!size)
		return true;
	return turn->nid == RSS_TURN_CHILD &&
	       res_counter_usage(&rss_turn_child(turn)->res) < spared;
}

/* End the turns of the first children that have none themselves. */
static void rss_child_turns_end(struct rss_container *level)
{
	struct rb_node *rb;

	spin_lock(&level->turns_lock);
	do {
		rb = rb_first_cached(&level->turns);
	} while (rb && rss_child_turn_end(level, rb_to_turn(rb)));
	spin_unlock(&level->turns_lock);
}

/*
 * End the turns below a turn of @level that has nothing to give, if its lists
 * are empty. Drops the lock of @level meanwhile.
 */
static void rss_end_empty(struct rss_container *level, struct rss_turn *turn)
	__must_hold(&level->turns_lock)
{
	struct rss_container *rss = level;

	if (turn->nid == RSS_TURN_CHILD)
		rss = rss_turn_child(turn);
	if (!css_tryget(&rss->css))
		return;
	spin_unlock(&level->turns_lock);
	rss_turns_end(rss);
	rss_child_turns_end(rss);
	rss_put(rss);
	spin_lock(&level->turns_lock);
}

/**
 * struct rss_search - the search for the next turn at a level
 * @level: the level
 * @spared: children with less than this are passed over
 * @left: number of turns that may still be passed over, each once
 */
struct rss_search {
	struct rss_container *level;
	unsigned long spared;
	unsigned int left;
};

/*
 * The first turn at a level that can give, or NULL. Called with the lock held,
 * which is dropped now and then.
 */
static struct rss_turn *rss_first_turn(struct rss_search *search)
	__must_hold(&search->level->turns_lock)
{
	struct rss_container *level = search->level;
	struct rss_turn *turn;
	struct rb_node *rb;
	unsigned long size;

	while ((rb = rb_first_cached(&level->turns))) {
		turn = rb_to_turn(rb);
		if (rss_child_turn_end(level, turn))
			continue;
		size = rss_turn_size(level, turn);
		if (!rss_turn_passes(turn, size, search->spared)) {
			level->turns_given = max(level->turns_given,
						 turn->given);
			return turn;
		}
		if (!search->left)
			break;
		rss_turn_advance(level, turn, RSS_TURN_PAUSE);
		if (!size)
			rss_end_empty(level, turn);
		if (search->left-- % RSS_TURN_BATCH)
			continue;
		spin_unlock(&level->turns_lock);
		cond_resched();
		spin_lock(&level->turns_lock);
	}
	return NULL;
}

/*
 * The child whose turn it is, with a reference. NULL if it is the turn of the
 * level's own lists on node *@nid, or no turn, with *@nid RSS_TURN_CHILD.
 */
static struct rss_container *rss_next_below(struct rss_container *level,
					    bool spare, int *nid)
{
	struct rss_search search = {
		.level = level,
		.spared = spare ? rss_spared(level) : 0,
		.left = READ_ONCE(level->nr_turns),
	};
	struct rss_container *child = NULL;
	struct rss_turn *turn;

	*nid = RSS_TURN_CHILD;
	spin_lock(&level->turns_lock);
	while ((turn = rss_first_turn(&search))) {
		*nid = turn->nid;
		if (turn->nid != RSS_TURN_CHILD)
			break;
		child = rss_turn_child(turn);
		if (css_tryget(&child->css))
			break;
		/* It is being freed: rss_turns_forget() waits for the lock. */
		child = NULL;
		rss_turn_del(level, turn);
	}
	spin_unlock(&level->turns_lock);

	return child;
}

static void rss_pause_turn(struct rss_container *rss)
{
	struct rss_container *parent = rss_parent(rss);

	spin_lock(&parent->turns_lock);
	rss_turn_advance(parent, &rss->turn, RSS_TURN_PAUSE);
	spin_unlock(&parent->turns_lock);
}

/**
 * rss_next_victim - find the next turn
 * @root: the container that reclaim is for
 * @spare: leave children alone that have much less than others
 * @victim: where to store it
 *
 * Context: may sleep.
 * Return: 0; -ENOENT if no turn can give; -EAGAIN if a child was found whose
 * own children can't give. Others may, then.
 */
int rss_next_victim(struct rss_container *root, bool spare,
		    struct rss_victim *victim)
{
	struct rss_container *level = root, *child;
	int nid;

	css_get(&root->css);
	while ((child = rss_next_below(level, spare, &nid))) {
		rss_put(level);
		level = child;
	}

	if (nid == RSS_TURN_CHILD) {
		if (level != root)
			rss_pause_turn(level);
		rss_put(level);
		return level == root ? -ENOENT : -EAGAIN;
	}
	*victim = (struct rss_victim) {
		level, nid, rss_node_reclaimable(level->node[nid])
	};
	return 0;
}

static void rss_turn_give(struct rss_container *level, struct rss_turn *turn,
			  unsigned long taken, unsigned long vain)
{
	u64 given = ((u64)taken * RSS_TURN_VAIN + vain) << RSS_TURN_WHOLE_SHIFT;
	u64 size = (u64)rss_turn_size(level, turn) + taken;

	given = div64_u64(given, max(size, 1ULL) * RSS_TURN_VAIN);
	spin_lock(&level->turns_lock);
	rss_turn_advance(level, turn, given);
	spin_unlock(&level->turns_lock);
}

/**
 * rss_victim_done - note what a turn gave
 * @root: the container that reclaim is for
 * @victim: as found by rss_next_victim(); its reference is put
 * @taken: pages it gave
 * @vain: pages scanned in vain, at least 1
 *
 * It counts at each level, so that all levels take their share from it.
 *
 * Context: may sleep.
 */
void rss_victim_done(struct rss_container *root, struct rss_victim *victim,
		     unsigned long taken, unsigned long vain)
{
	struct rss_node *node = victim->rss->node[victim->nid];
	struct rss_container *pos = victim->rss;

	rss_turn_give(pos, &node->turn, taken, vain);
	for (; pos != root; pos = rss_parent(pos))
		rss_turn_give(rss_parent(pos), &pos->turn, taken, vain);

	if (rss_node_empty(node))
		rss_node_turn_end(victim->rss, node);
	rss_put(victim->rss);
}

/* Whether the subtree of @css has entries on lists. RCU. */
static bool rss_has_turns(struct cgroup_subsys_state *css)
{
	return READ_ONCE(css_to_rss(css)->nr_turns);
}

/**
 * rss_next_active - walk the containers in a subtree that have entries
 * @prev: the last one, whose reference is put; NULL at first
 * @root: the container at its top
 *
 * Others are passed over with their subtrees, without a reference.
 *
 * Return: the next one with a reference, or NULL at the end.
 */
struct rss_container *rss_next_active(struct rss_container *prev,
				      struct rss_container *root)
{
	struct cgroup_subsys_state *css = prev ? &prev->css : NULL;

	rcu_read_lock();
	css = css_next_descendant_pre(css, &root->css);
	while (css && (!rss_has_turns(css) || !css_tryget(css))) {
		if (css != &root->css && !rss_has_turns(css))
			css = css_rightmost_descendant(css);
		css = css_next_descendant_pre(css, &root->css);
	}
	rcu_read_unlock();

	rss_put(prev);
	return css_to_rss(css);
}
