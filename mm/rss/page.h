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

/**
 * struct page_container - the container that a page is charged to
 * @state: the owner and its charge, see RSS_STATE_*; changed by cmpxchg
 *
 * The record of the first page serves a large folio. Records of pages without
 * an owner keep the id of the last owner until another container maps the page
 * or a scan meets them: mapping and unmapping by one container changes NR and
 * nothing else.
 */
struct page_container {
	atomic64_t state;
};

/*
 * The state of a record. It is one word, so that the number of pages charged,
 * their owner and the list they are on can never disagree:
 *
 *  NR     pages of the folio that are mapped and charged; 0: no owner
 *  TYPE   enum rss_type of the folio when it was charged
 *  LRU    enum rss_lru of the list that its entry is on
 *  ORDER  order of the folio when it was charged
 *  HELD   the folio is briefly unmapped, to be migrated or split: NR is what
 *         it was before, and hooks leave the record alone
 *  ID     rss_container.id of the owner; if NR is 0, of the last owner if that
 *         still has an entry for it; RSS_ROOT_ID if tasks outside any container
 *         mapped a large folio first; 0: none
 *  MET    a scan has met it since another container mapped the page, or since
 *         it was evicted
 *  LOST   there was no memory for its entry, see rss_find_lost()
 *  GEN    tells the good entry for the page: the one with the same GEN
 */
#define RSS_STATE_NR	GENMASK_ULL(15, 0)
#define RSS_STATE_TYPE	GENMASK_ULL(17, 16)
#define RSS_STATE_LRU	GENMASK_ULL(19, 18)
#define RSS_STATE_KIND	(RSS_STATE_TYPE | RSS_STATE_LRU)
#define RSS_STATE_ORDER	GENMASK_ULL(23, 20)
#define RSS_STATE_HELD	BIT_ULL(24)
#define RSS_STATE_ID	GENMASK_ULL(46, 25)
#define RSS_STATE_MET	BIT_ULL(47)
#define RSS_STATE_LOST	BIT_ULL(48)
#define RSS_STATE_GEN	GENMASK_ULL(63, 49)

/* The root of the hierarchy has the first id. */
#define RSS_ROOT_ID	1
#define RSS_ID_MAX	((u32)(RSS_STATE_ID >> __bf_shf(RSS_STATE_ID)))

/* What a page is charged as; shmem is shown as part of file, too. */
enum rss_type {
	RSS_ANON,
	RSS_FILE,
	RSS_SHMEM,
	NR_RSS_TYPES,
};

enum rss_lru {
	RSS_INACTIVE,
	RSS_ACTIVE,
	RSS_MLOCKED,
	NR_RSS_LRUS,
};

/* What is counted separately: type and list, adjacent in the state. */
#define RSS_KIND_LRU	4
#define NR_RSS_KINDS	((NR_RSS_LRUS - 1) * RSS_KIND_LRU + NR_RSS_TYPES)

static inline u64 rss_state(u32 id, unsigned int kind, unsigned int order)
{
	return FIELD_PREP(RSS_STATE_ID, (u64)id) |
	       FIELD_PREP(RSS_STATE_KIND, (u64)kind) |
	       FIELD_PREP(RSS_STATE_ORDER, (u64)order);
}

static inline u32 rss_state_id(u64 state)
{
	return FIELD_GET(RSS_STATE_ID, state);
}

static inline enum rss_type rss_state_type(u64 state)
{
	return FIELD_GET(RSS_STATE_TYPE, state);
}

static inline unsigned int rss_state_kind(u64 state)
{
	return FIELD_GET(RSS_STATE_KIND, state);
}

static inline unsigned int rss_state_order(u64 state)
{
	return FIELD_GET(RSS_STATE_ORDER, state);
}

static inline unsigned int rss_state_nr(u64 state)
{
	return FIELD_GET(RSS_STATE_NR, state);
}

/* Charging ignores MET and the bits above it. */
#define RSS_KEY_SHIFT	(64 - __bf_shf(RSS_STATE_MET))

/* What hooks compare a state with, for small folios of the container @id. */
static inline u64 rss_state_home(u32 id)
{
	return rss_state(id, 0, 0) << RSS_KEY_SHIFT;
}

/*
 * With these bits no state is at home: no folio has that order. They are in the
 * same half as the id: a 32-bit read sees both or neither.
 */
#define RSS_HOME_AWAY	(RSS_STATE_ORDER << RSS_KEY_SHIFT)

/*
 * The kind if, by @state, @nr pages (0 or 1) of a small folio are charged to
 * the container whose rss_state_home() is @home. Otherwise NR_RSS_KINDS or
 * more.
 */
static __always_inline u64 rss_state_home_kind(u64 state, u64 home,
					       unsigned int nr)
{
	return ror64(((state - nr) << RSS_KEY_SHIFT) - home,
		     RSS_KEY_SHIFT + __bf_shf(RSS_STATE_KIND));
}

/* The record has to keep its id. */
static inline bool rss_state_busy(u64 state)
{
	return state & (RSS_STATE_NR | RSS_STATE_HELD);
}

/*
 * Whether @state allows the first charge of a small folio. The state that a
 * container's home gives is checked in the same way, for RSS_HOME_AWAY.
 */
static __always_inline bool rss_state_first(u64 state)
{
	return !(state & (RSS_STATE_NR | RSS_STATE_HELD | RSS_STATE_ORDER));
}

/* Whether @state and @other name the same container, type and order. */
static inline bool rss_state_same(u64 state, u64 other)
{
	return !((state ^ other) &
		 (RSS_STATE_ID | RSS_STATE_TYPE | RSS_STATE_ORDER));
}

/* The state of a record without an entry. GEN continues from there. */
static inline u64 rss_state_blank(u64 state)
{
	return state & RSS_STATE_GEN;
}

static inline u64 rss_state_set_id(u64 state, u32 id)
{
	return (state & ~RSS_STATE_ID) | FIELD_PREP(RSS_STATE_ID, (u64)id);
}

static inline u64 rss_state_set_nr(u64 state, unsigned int nr)
{
	return (state & ~RSS_STATE_NR) | FIELD_PREP(RSS_STATE_NR, (u64)nr);
}

static inline u64 rss_state_set_lru(u64 state, enum rss_lru lru)
{
	return (state & ~RSS_STATE_LRU) | FIELD_PREP(RSS_STATE_LRU, (u64)lru);
}

/* The next GEN, in its place. */
static __always_inline u64 rss_state_next_gen(u64 state)
{
	return ((state >> __bf_shf(RSS_STATE_GEN)) + 1) << __bf_shf(RSS_STATE_GEN);
}

/*
 * @state for a record that gets a new entry after @old. It makes the older
 * ones stale.
 */
static inline u64 rss_state_renew(u64 state, u64 old)
{
	return (state & ~(RSS_STATE_GEN | RSS_STATE_LOST)) |
	       rss_state_next_gen(old);
}

/*
 * An entry of a list. It is good as long as the record of its page names the
 * container and has the same GEN; otherwise it is stale, and dropped when met.
 *
 *  PFN    the page
 *  ORDER  order of the folio, LIST the enum rss_list, when it was added
 *  SET    always set: no entry is 0
 *  GEN    that of the state
 */
#define RSS_ENTRY_PFN	GENMASK_ULL(39, 0)
#define RSS_ENTRY_ORDER	GENMASK_ULL(43, 40)
#define RSS_ENTRY_LIST	GENMASK_ULL(46, 44)
#define RSS_ENTRY_SET	BIT_ULL(47)

/* For a small folio, with @gen in its place. */
static __always_inline u64 rss_entry_small(unsigned long pfn, u64 gen,
					   unsigned int list)
{
	return pfn + (FIELD_PREP(RSS_ENTRY_LIST, (u64)list) | RSS_ENTRY_SET) + gen;
}

static inline u64 rss_entry(unsigned long pfn, u64 state, unsigned int list)
{
	return rss_entry_small(pfn, state & RSS_STATE_GEN, list) |
	       FIELD_PREP(RSS_ENTRY_ORDER, (u64)rss_state_order(state));
}

static inline unsigned long rss_entry_pfn(u64 entry)
{
	return FIELD_GET(RSS_ENTRY_PFN, entry);
}

static inline unsigned long rss_entry_pages(u64 entry)
{
	return 1UL << FIELD_GET(RSS_ENTRY_ORDER, entry);
}

static inline unsigned int rss_entry_list(u64 entry)
{
	return FIELD_GET(RSS_ENTRY_LIST, entry);
}

/* Whether @entry, of the container @id, is good by the @state of its record. */
static inline bool rss_entry_good(u64 entry, u64 state, u32 id)
{
	u64 expected = (entry & RSS_STATE_GEN) | FIELD_PREP(RSS_STATE_ID, (u64)id);

	return !((state ^ expected) & (RSS_STATE_GEN | RSS_STATE_ID));
}

static inline u64 page_container_state(struct page_container *pc)
{
	return atomic64_read(&pc->state);
}

/* On failure, *@old is the current state. Fully ordered on success. */
static inline bool page_container_cmpxchg(struct page_container *pc, u64 *old,
					  u64 new)
{
	return atomic64_try_cmpxchg(&pc->state, (s64 *)old, new);
}

/*
 * Records come in chunks, one per memory section, so that hotplug can add and
 * remove them, and holes cost nothing.
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
 * @base: by chunk, the address that the record of page 0 would have if the
 *	chunk extended to it, which saves hooks a subtraction; 0 where there is
 *	no memory
 *
 * Replaced as a whole when memory beyond @nr is added; RCU.
 */
struct rss_chunks {
	unsigned long nr;
	unsigned long base[] __counted_by(nr);
};

extern struct rss_chunks __rcu *rss_chunks;

typedef bool (*rss_record_fn)(struct page_container *pc, unsigned long pfn,
			      void *arg);

int rss_pages_alloc(void);
void rss_walk_records(rss_record_fn fn, void *arg);

/* Whether the page has a record; if so, *@pc is set to it. */
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
 * Context: RCU read side, or anything else that keeps the memory from going
 * offline.
 * Return: the record, or NULL if the page is not RAM.
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
