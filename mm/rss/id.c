// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: ids of containers.
 *
 * Records of unmapped pages still name their last owner. Checking all of them
 * on removal would take time in proportion to the pages that the container has
 * mapped. So its id retires: it is not reused while records may contain it.
 * Once enough ids have, a worker clears them from all records at once.
 */

#include <linux/init.h>
#include <linux/mm.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "rss.h"

/* Containers by id; for a retired id, the round in which it retired. */
static DEFINE_XARRAY_FLAGS(rss_ids, XA_FLAGS_ALLOC1);
static u32 rss_id_next;

/* Ids retired since the last round, and its number, under the xa_lock. */
static atomic_t rss_ids_retired = ATOMIC_INIT(0);
static unsigned long rss_ids_round;

static void rss_ids_clear_fn(struct work_struct *work);
static DECLARE_WORK(rss_ids_clear_work, rss_ids_clear_fn);

/* Amortized, a removal costs a check of about this many records. */
#define RSS_IDS_PAGES		256
#define RSS_IDS_LEAST		1024UL

static unsigned long rss_ids_enough(void)
{
	return clamp(totalram_pages() / RSS_IDS_PAGES, RSS_IDS_LEAST,
		     RSS_ID_MAX / 4);
}

/**
 * rss_id_alloc - allocate an id for a container
 * @rss: the container, not visible to others yet
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or -EBUSY if all are in use.
 */
int rss_id_alloc(struct rss_container *rss)
{
	int err;

	err = xa_alloc_cyclic(&rss_ids, &rss->id, rss,
			      XA_LIMIT(RSS_ROOT_ID, RSS_ID_MAX), &rss_id_next,
			      GFP_KERNEL);
	if (err < 0)
		rss->id = 0;
	return min(err, 0);
}

/**
 * rss_id_retire - make an id lead to no container
 * @rss: its container, a grace period before it is freed; it owns nothing and
 *	never will. Does nothing if it has no id, or one that has retired
 *
 * Context: task.
 */
void rss_id_retire(struct rss_container *rss)
{
	if (xa_load(&rss_ids, rss->id) != rss)
		return;
	xa_lock(&rss_ids);
	/* Needs no memory: there is an entry. */
	__xa_store(&rss_ids, rss->id, xa_mk_value(rss_ids_round), 0);
	xa_unlock(&rss_ids);
	if (atomic_inc_return(&rss_ids_retired) >= rss_ids_enough())
		rss_queue_work(&rss_ids_clear_work);
}

/**
 * rss_from_id - the container named in a record's state
 * @id: its id
 *
 * Context: RCU read side.
 * Return: the container; NULL for none.
 */
struct rss_container *rss_from_id(u32 id)
{
	void *entry;

	if (id <= RSS_ROOT_ID)
		return NULL;
	entry = xa_load(&rss_ids, id);
	return xa_is_value(entry) ? NULL : entry;
}

/* If the page is being mapped, the hook wins and writes its own id. */
static bool rss_id_clear(struct page_container *pc, unsigned long pfn, void *arg)
{
	u64 state = page_container_state(pc);
	u32 id = rss_state_id(state);

	if (id > RSS_ROOT_ID && !rss_state_busy(state) && !rss_from_id(id))
		page_container_cmpxchg(pc, &state, rss_state_blank(state));
	return true;
}

/*
 * No retired id is written: hooks that found its container end before that is
 * freed. So one pass removes the ids that retired before it from all records.
 */
static void rss_ids_clear_fn(struct work_struct *work)
{
	unsigned long round, id;
	void *entry;

	xa_lock(&rss_ids);
	round = rss_ids_round++;
	xa_unlock(&rss_ids);
	atomic_set(&rss_ids_retired, 0);
	rss_walk_records(rss_id_clear, NULL);
	xa_for_each(&rss_ids, id, entry) {
		if (xa_is_value(entry) && xa_to_value(entry) <= round)
			xa_erase(&rss_ids, id);
		cond_resched();
	}
}
