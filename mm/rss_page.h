/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RSS controller: one record for each page of RAM.
 */
#ifndef _MM_RSS_PAGE_H
#define _MM_RSS_PAGE_H

#include <linux/atomic.h>
#include <linux/bitfield.h>
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>

/* Both fit in a long on 32 bit, too, where physical addresses have up to 40. */
#define RSS_LIST_BITS	3
#define RSS_PFN_BITS	(BITS_PER_LONG - RSS_LIST_BITS - 1)

/**
 * struct page_container - to whom a page is charged
 * @state: the owner and what it is charged, see RSS_STATE_*; changed by
 *	cmpxchg, its id part only under the lock of the list @lru is on
 * @lru: link in a list of the container that @state names; not linked iff
 *	that is 0 or RSS_ROOT_ID
 * @pfn: the page, constant
 * @list: enum rss_list of the list @lru is on; its lock
 * @met: a scan has met it since it was put on the lists; the lock of the list
 *
 * The record of the first page serves a large folio. Records of pages that
 * nobody owns stay linked until another container maps the page or the
 * isolator meets them: mapping and unmapping by one container takes no lock.
 */
struct page_container {
	atomic64_t state;
	struct list_head lru;
	unsigned long pfn : RSS_PFN_BITS;
	unsigned long list : RSS_LIST_BITS;
	unsigned long met : 1;
};

/*
 * The state of a record. All in one word, so that the number of pages charged
 * and the one who pays for them can never disagree:
 *
 *  NR     pages of the folio that are mapped and charged; 0: nobody owns it
 *  TYPE   enum rss_type of the folio when it was charged
 *  ORDER  order of the folio when it was charged
 *  HELD   the folio is unmapped for an instant, to be migrated or split: NR is
 *         what it was before, hooks leave the record alone
 *  ID     css id of the container whose list the record is on, and which owns
 *         the folio if NR is not 0; RSS_ROOT_ID if tasks outside any
 *         container mapped a large folio first; 0 after boot
 */
#define RSS_STATE_NR	GENMASK_ULL(19, 0)
#define RSS_STATE_TYPE	GENMASK_ULL(21, 20)
#define RSS_STATE_ORDER	GENMASK_ULL(26, 22)
#define RSS_STATE_HELD	BIT_ULL(27)
#define RSS_STATE_ID	GENMASK_ULL(63, 32)

/* What the root of a hierarchy gets from cgroup_idr_alloc() in cgroup_init() */
#define RSS_ROOT_ID	1

/* What a page is charged as; shmem is shown as part of file, too. */
enum rss_type {
	RSS_ANON,
	RSS_FILE,
	RSS_SHMEM,
	NR_RSS_TYPES,
};

static inline u64 rss_state(u32 id, enum rss_type type, unsigned int order)
{
	return FIELD_PREP(RSS_STATE_ID, (u64)id) |
	       FIELD_PREP(RSS_STATE_TYPE, type) |
	       FIELD_PREP(RSS_STATE_ORDER, order);
}

static inline u32 rss_state_id(u64 state)
{
	return FIELD_GET(RSS_STATE_ID, state);
}

static inline enum rss_type rss_state_type(u64 state)
{
	return FIELD_GET(RSS_STATE_TYPE, state);
}

static inline unsigned int rss_state_order(u64 state)
{
	return FIELD_GET(RSS_STATE_ORDER, state);
}

static inline unsigned int rss_state_nr(u64 state)
{
	return FIELD_GET(RSS_STATE_NR, state);
}

/*
 * The type if @state says that one page, and no large folio, is charged to the
 * container whose state without pages, and of type 0, is @home. NR_RSS_TYPES or
 * more if it says anything else.
 */
static inline u64 rss_state_single(u64 state, u64 home)
{
	return ror64(state - home - 1, __bf_shf(RSS_STATE_TYPE));
}

/* The record has to keep its id, and its place in the list. */
static inline bool rss_state_busy(u64 state)
{
	return state & (RSS_STATE_NR | RSS_STATE_HELD);
}

static inline u64 rss_state_set_id(u64 state, u32 id)
{
	return (state & ~RSS_STATE_ID) | FIELD_PREP(RSS_STATE_ID, (u64)id);
}

static inline u64 rss_state_set_nr(u64 state, unsigned int nr)
{
	return (state & ~RSS_STATE_NR) | FIELD_PREP(RSS_STATE_NR, (u64)nr);
}

static inline u64 page_container_state(struct page_container *pc)
{
	return atomic64_read(&pc->state);
}

/* On failure *@old is the present state. Fully ordered if it succeeds. */
static inline bool page_container_cmpxchg(struct page_container *pc, u64 *old,
					  u64 new)
{
	return atomic64_try_cmpxchg(&pc->state, (s64 *)old, new);
}

/*
 * Records come in chunks, one for a section of memory, so that hotplug can add
 * and remove them and that holes cost nothing.
 */
#ifdef CONFIG_SPARSEMEM
#define RSS_CHUNK_SHIFT	PFN_SECTION_SHIFT
#define RSS_CHUNK_STEP	min(pageblock_nr_pages, PAGES_PER_SUBSECTION)
#else
#define RSS_CHUNK_SHIFT	(27 - PAGE_SHIFT)
#define RSS_CHUNK_STEP	pageblock_nr_pages
#endif
#define RSS_CHUNK_PAGES	BIT(RSS_CHUNK_SHIFT)

/**
 * struct rss_chunks - where the records are
 * @nr: number of elements in @base
 * @base: address that the record of page 0 would have if all were like the
 *	chunk with this index, which saves hooks from subtracting where that
 *	starts; 0 where there is no memory
 *
 * Replaced as a whole when memory beyond @nr is added; RCU.
 */
struct rss_chunks {
	unsigned long nr;
	unsigned long base[] __counted_by(nr);
};

extern struct rss_chunks __rcu *rss_chunks;

int rss_pages_alloc(void);

/* Whether the page has a record, which is put into @pc then. */
static __always_inline bool rss_chunk_record(struct rss_chunks *chunks,
					     unsigned long pfn,
					     struct page_container **pc)
{
	unsigned long index = pfn >> RSS_CHUNK_SHIFT, base;

	if (unlikely(index >= chunks->nr))
		return false;
	base = READ_ONCE(chunks->base[index]);
	*pc = (struct page_container *)(base + pfn * sizeof(**pc));
	return likely(base);
}

/**
 * pfn_page_container - the record of a page
 * @pfn: page frame number
 *
 * Context: RCU read side, or whatever else keeps the memory from going
 * offline.
 * Return: the record, or NULL for what is not RAM.
 */
static inline struct page_container *pfn_page_container(unsigned long pfn)
{
	struct rss_chunks *chunks = rcu_dereference_raw(rss_chunks);
	struct page_container *pc;

	return chunks && rss_chunk_record(chunks, pfn, &pc) ? pc : NULL;
}

static inline struct page_container *folio_page_container(struct folio *folio)
{
	return pfn_page_container(folio_pfn(folio));
}

#endif /* _MM_RSS_PAGE_H */
