// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSS controller: memory for the page records.
 *
 * It is allocated when the first container is created, and from then on when
 * memory is added, so that mapping a page never has to. It stays when the last
 * container is gone, because the next job would need it again.
 */

#define pr_fmt(fmt) "rss: " fmt

#include <linux/cgroup.h>
#include <linux/init.h>
#include <linux/kmemleak.h>
#include <linux/memblock.h>
#include <linux/memory.h>
#include <linux/memory_hotplug.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "rss.h"

struct rss_chunks __rcu *rss_chunks __read_mostly;

/*
 * The first container's records are allocated under cgroup_mutex, with memory
 * hotplug locked out; later changes come from memory hotplug itself.
 */
static struct rss_chunks *rss_chunks_locked(void)
{
	return rcu_dereference_protected(rss_chunks, true);
}

static int rss_chunks_grow(unsigned long nr)
{
	struct rss_chunks *old = rss_chunks_locked(), *new;

	new = kvzalloc(struct_size(new, base, nr), GFP_KERNEL);
	if (!new)
		return -ENOMEM;

	new->nr = nr;
	if (old)
		memcpy(new->base, old->base, old->nr * sizeof(*old->base));
	rcu_assign_pointer(rss_chunks, new);
	if (old)
		kvfree_rcu_mightsleep(old);
	return 0;
}

/*
 * Contiguous if that is available, to save TLB entries. No task is killed for
 * it: creating the container fails instead.
 */
static struct page_container *rss_chunk_alloc(int nid)
{
	const size_t size = RSS_CHUNK_PAGES * sizeof(struct page_container);
	struct page_container *chunk;

	chunk = kzalloc_node(size, GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN,
			     nid);
	if (chunk)
		return chunk;
	return __vmalloc_node(size, PAGE_SIZE, GFP_KERNEL | __GFP_ZERO |
			      __GFP_RETRY_MAYFAIL | __GFP_NOWARN, nid,
			      __builtin_return_address(0));
}

static int rss_chunk_add(unsigned long index, int nid)
{
	unsigned long pfn = index << RSS_CHUNK_SHIFT;
	struct page_container *chunk;

	chunk = rss_chunk_alloc(nid);
	if (!chunk)
		return -ENOMEM;

	/* Only the base points to it, which is where page 0 would be. */
	kmemleak_not_leak(chunk);
	/* Pairs with the dependent read in rss_chunk_record(). */
	smp_store_release(&rss_chunks_locked()->base[index],
			  (unsigned long)chunk - pfn * sizeof(*chunk));
	return 0;
}

/* No page of the range is mapped, so entries for them become stale. */
static void rss_chunks_remove(unsigned long start, unsigned long end)
{
	struct rss_chunks *chunks = rss_chunks_locked();
	unsigned long first = start >> RSS_CHUNK_SHIFT;
	unsigned long last = (end - 1) >> RSS_CHUNK_SHIFT;
	struct page_container *chunk;
	unsigned long index, i;

	for (index = first; index <= last && index < chunks->nr; index++) {
		if (!rss_chunk_record(chunks, index << RSS_CHUNK_SHIFT, &chunk))
			continue;
		for (i = 0; i < RSS_CHUNK_PAGES; i++) {
			WARN_ON_ONCE(rss_state_busy(page_container_state(&chunk[i])));
			if (!(i % 1024))
				cond_resched();
		}
		WRITE_ONCE(chunks->base[index], 0);
		/* Hooks of folios that were just freed may still read it. */
		kvfree_rcu_mightsleep(chunk);
	}
}

static int rss_chunks_add(unsigned long start, unsigned long end, int nid)
{
	unsigned long first = start >> RSS_CHUNK_SHIFT;
	unsigned long last = (end - 1) >> RSS_CHUNK_SHIFT;
	unsigned long index;
	int err;

	if (!rss_chunks_locked() || last >= rss_chunks_locked()->nr) {
		err = rss_chunks_grow(last + 1);
		if (err)
			return err;
	}

	for (index = first; index <= last; index++) {
		if (rss_chunks_locked()->base[index])
			continue;
		err = rss_chunk_add(index, nid);
		if (err)
			return err;
		cond_resched();
	}
	return 0;
}

/*
 * A section goes online and offline as a whole, and so does its chunk. After
 * an error, the core sends MEM_CANCEL_ONLINE, which removes what was added.
 */
static int rss_memory_notify(struct notifier_block *self, unsigned long action,
			     void *arg)
{
	struct memory_notify *mn = arg;
	unsigned long end = mn->start_pfn + mn->nr_pages;
	int err = 0;

	/* No container yet: the first one allocates records for all memory. */
	if (!rss_chunks_locked())
		return NOTIFY_DONE;

	switch (action) {
	case MEM_GOING_ONLINE:
		err = rss_chunks_add(mn->start_pfn, end,
				     pfn_to_nid(mn->start_pfn));
		break;
	case MEM_CANCEL_ONLINE:
	case MEM_OFFLINE:
		rss_chunks_remove(mn->start_pfn, end);
		rss_forget_entries();
		break;
	}

	return notifier_from_errno(err);
}

/* The first online page of a chunk, or its end: memory may have holes. */
static unsigned long rss_chunk_first_online(unsigned long index)
{
	unsigned long pfn = index << RSS_CHUNK_SHIFT;
	unsigned long end = pfn + RSS_CHUNK_PAGES;

	while (pfn < end && !pfn_to_online_page(pfn))
		pfn += RSS_CHUNK_STEP;
	return pfn;
}

static int rss_chunks_add_all(void)
{
	unsigned long nr, index, pfn;
	int err;

	nr = DIV_ROUND_UP(max_t(unsigned long, max_possible_pfn, max_pfn),
			  RSS_CHUNK_PAGES);
	err = rss_chunks_grow(nr);
	if (err)
		return err;

	for (index = 0; index < nr; index++) {
		pfn = rss_chunk_first_online(index);
		if (pfn >> RSS_CHUNK_SHIFT != index)
			continue;
		err = fatal_signal_pending(current) ? -EINTR :
		      rss_chunk_add(index, pfn_to_nid(pfn));
		if (err)
			goto fail;
		cond_resched();
	}
	return 0;

fail:
	rss_chunks_remove(0, nr << RSS_CHUNK_SHIFT);
	kvfree_rcu_mightsleep(rss_chunks_locked());
	RCU_INIT_POINTER(rss_chunks, NULL);
	return err;
}

/* Records to visit between calls of cond_resched(). */
#define RSS_WALK_BATCH	1024

/* Returns false if @fn ended the walk. */
static bool rss_walk_chunk(unsigned long index, rss_record_fn fn, void *arg)
{
	unsigned long pfn = index << RSS_CHUNK_SHIFT, i;
	struct page_container *pc;
	bool go_on = true;

	for (i = 0; i < RSS_CHUNK_PAGES && go_on; i++) {
		if (!(i % RSS_WALK_BATCH))
			cond_resched();
		rcu_read_lock();
		pc = pfn_page_container(pfn + i);
		go_on = pc && fn(pc, pfn + i, arg);
		rcu_read_unlock();
		/* No memory here, but maybe in the next chunk. */
		if (!pc)
			return true;
	}
	return go_on;
}

/**
 * rss_walk_records - walk the records of all pages
 * @fn: called for each, under RCU; returns false to end the walk
 * @arg: for @fn
 *
 * Memory that goes online or offline meanwhile may be left out.
 *
 * Context: may sleep.
 */
void rss_walk_records(rss_record_fn fn, void *arg)
{
	struct rss_chunks *chunks;
	unsigned long index, nr;

	rcu_read_lock();
	chunks = rcu_dereference(rss_chunks);
	nr = chunks ? chunks->nr : 0;
	rcu_read_unlock();
	for (index = 0; index < nr; index++)
		if (!rss_walk_chunk(index, fn, arg))
			break;
}

/**
 * rss_pages_alloc - make sure that each page of memory has a record
 *
 * A failed attempt leaves nothing behind.
 *
 * Context: cgroup_mutex held, which keeps hooks from being switched on. Sleeps;
 * the first time, takes mem_hotplug_lock.
 * Return: 0; -ENOMEM, which is logged; -EINTR if the task was killed.
 */
int rss_pages_alloc(void)
{
	int err;

	/* Only this allocates the first array: no need for the hotplug lock. */
	if (rcu_access_pointer(rss_chunks))
		return 0;
	get_online_mems();
	err = rss_chunks_add_all();
	put_online_mems();

	if (err == -ENOMEM)
		pr_warn_ratelimited("no memory for page records, containers can't be created\n");
	return err;
}

static int __init rss_page_init(void)
{
	BUILD_BUG_ON(sizeof(struct page_container) > 8);
	BUILD_BUG_ON(FIELD_MAX(RSS_STATE_NR) < BIT(MAX_PAGECACHE_ORDER));
	/* RSS_HOME_AWAY is an order that no folio has. */
	BUILD_BUG_ON(FIELD_MAX(RSS_STATE_ORDER) <= MAX_PAGECACHE_ORDER);

	if (cgroup_subsys_enabled(rss_cgrp_subsys))
		hotplug_memory_notifier(rss_memory_notify,
					DEFAULT_CALLBACK_PRI);
	return 0;
}
subsys_initcall(rss_page_init);
