// SPDX-License-Identifier: GPL-2.0
/*
 * The lists of a container. Their sizes always add up to its usage, without a
 * scan. However often containers alternate on the same pages, the lists have
 * little more entries than there are pages. Entries for pages that were
 * unmapped long ago do not delay the removal of a container. Threads do not
 * contend for the lock of the lists.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audit.h"
#include "block.h"
#include "child.h"
#include "clock.h"
#include "container.h"
#include "cpu.h"
#include "fs.h"
#include "keys.h"
#include "mem.h"
#include "numa.h"
#include "runner.h"
#include "tunable.h"

#define N	128

static void expect_sizes(const char *c, long usage)
{
	static const char * const lists[] = {
		"inactive_anon", "active_anon", "inactive_file", "active_file",
		"unevictable",
	};
	long listed = 0, typed;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lists); i++)
		listed += container_stat(c, lists[i]);
	typed = container_stat(c, "anon") + container_stat(c, "file");
	require(container_usage(c) == usage && typed == usage &&
		listed == usage,
		"usage %ld instead of %ld, %ld by type, %ld on lists",
		container_usage(c), usage, typed, listed);
}

/* What each step of map_each_kind() adds to usage. */
static const int changes[] = { N, N, N, 0, -N / 2, -N / 2, -N / 2 };

struct kinds {
	int file;
	int shmem;
};

static void map_each_kind(struct child *self, void *arg)
{
	const struct kinds *kinds = arg;
	char *file = mem_file(kinds->file, N, MAP_SHARED);
	char *shmem = mem_file(kinds->shmem, N, MAP_SHARED);
	char *anon = mem_anon(N);

	child_sync(self);
	mem_fill(anon, N, 0);
	child_sync(self);
	mem_read(file, N);
	child_sync(self);
	mem_fill(shmem, N, 0);
	child_sync(self);
	require(!mlock(file, N / 2 * page_size()), "mlock: %s",
		strerror(errno));
	child_sync(self);
	mem_unmap(file, N / 2);
	child_sync(self);
	mem_advise(anon, N / 2, MADV_DONTNEED);
	child_sync(self);
	mem_advise(shmem, N / 2, MADV_DONTNEED);
	child_sync(self);
}

/* Maps and unmaps what other tasks of its container have left alone. */
static void expect_filler(const char *c, long usage)
{
	struct filler filler = { .pages = N };
	struct child child;
	long own;

	child_start(&child, c, child_filler, &filler);
	own = container_usage(c) - usage;
	child_step(&child);
	expect_sizes(c, usage + own + N);
	child_step(&child);
	child_finish(&child);
	expect_sizes(c, usage);
}

static void test_list_sizes(void)
{
	char *c = container_new(NULL, "kinds");
	struct kinds kinds;
	struct child child;
	unsigned int i;
	long usage;

	fs_mount("tmpfs", NULL);
	kinds.shmem = fs_file("shmem", N, 0);
	fs_mount("ramfs", NULL);
	kinds.file = fs_file("file", N, 0);
	child_start(&child, c, map_each_kind, &kinds);
	usage = container_usage(c);
	expect_sizes(c, usage);
	for (i = 0; i < ARRAY_SIZE(changes); i++) {
		child_step(&child);
		usage += changes[i];
		expect_sizes(c, usage);
	}
	expect_filler(c, usage);
	child_finish(&child);
	expect_sizes(c, 0);
}

#define USES		4

/*
 * Memory that is not mapped. All of it was used often before, so it goes to
 * the active list at once, whoever maps it.
 */
static char *used_memory(size_t pages)
{
	char *mem = mem_shared(pages);
	int i;

	for (i = 0; i < USES; i++) {
		mem_fill(mem, pages, 0);
		mem_advise(mem, pages, MADV_DONTNEED);
	}
	return mem;
}

/* Pages that a visitor may also map, such as its stack. */
#define STRAY		32

/* One process moves between containers, and maps the same memory in each. */
struct visits {
	char **containers;
	int nr;
	long turns;
	char *mem;
	size_t pages;
};

static void unmap_all(const struct visits *visits)
{
	mem_advise(visits->mem, visits->pages, MADV_DONTNEED);
}

static void visit(const struct visits *visits, const char *c)
{
	long usage = container_usage(c), now;

	container_move(c, 0);
	mem_read(visits->mem, visits->pages);
	now = container_usage(c);
	require(now >= usage + (long)visits->pages &&
		now <= usage + (long)visits->pages + STRAY,
		"%zu pages made %ld of usage %ld", visits->pages, now, usage);
	unmap_all(visits);
	now = container_usage(c);
	require(now >= usage && now <= usage + STRAY,
		"usage went from %ld to %ld", usage, now);
}

/* More turns than this take longer than any other wait. */
#define TURNS_AT_ONCE	1000

static void visit_all(struct child *self, void *arg)
{
	const struct visits *visits = arg;
	long i;

	unmap_all(visits);
	for (i = 0; i < visits->turns; i++) {
		visit(visits, visits->containers[i % visits->nr]);
		if (i % TURNS_AT_ONCE == TURNS_AT_ONCE - 1)
			child_sync(self);
	}
}

static void visit_and_remove(struct child *self, void *arg)
{
	const struct visits *visits = arg;
	char name[32], *c;
	long i;

	unmap_all(visits);
	for (i = 0; i < visits->turns; i++) {
		snprintf(name, sizeof(name), "visited%ld", i);
		c = container_new(NULL, name);
		visit(visits, c);
		container_move(container_root(), 0);
		container_remove(c);
		free(c);
		if (i % TURNS_AT_ONCE == TURNS_AT_ONCE - 1)
			child_sync(self);
	}
}

static void run_visits(child_fn fn, struct visits *visits)
{
	struct child child;
	double start = clock_seconds();

	/* Each wait for it has its own timeout. */
	alarm(0);
	visits->mem = used_memory(visits->pages);
	child_start(&child, NULL, fn, visits);
	while (child.state == CHILD_SYNCED) {
		child_go(&child);
		child_wait(&child);
	}
	require(child.state == CHILD_EXITED, "the visitor was killed");
	ksft_print_msg("%ld visits in %.1f s\n", visits->turns,
		       clock_seconds() - start);
}

static long need_entries(void)
{
	if (audit_entries() < 0)
		skip_case("no audit");
	/* Left by the previous case. */
	require(wait_for(!container_dead()), "%ld dead containers stay behind",
		container_dead());
	return audit_entries();
}

/* How many entries may exceed twice the number of pages. */
#define SLACK		1000

static void expect_entries(long before, long pages)
{
	long entries = audit_entries() - before;

	ksft_print_msg("%ld more entries for %ld pages, %ld batches\n",
		       entries, pages, audit_batches());
	require(entries <= 2 * pages + SLACK, "%ld more entries for %ld pages",
		entries, pages);
}

/* Few containers, repeatedly. Each drops stale entries as it adds others. */
#define FEW		4
#define FEW_TURNS	2000
#define FEW_PAGES	64

static void test_few(void)
{
	struct visits visits = {
		.nr = FEW,
		.turns = clock_affordable(FEW_TURNS),
		.pages = FEW_PAGES,
	};
	long before = need_entries();

	visits.containers = container_new_several(NULL, FEW);
	run_visits(visit_all, &visits);
	expect_entries(before, FEW * FEW_PAGES);
}

/*
 * The same behind entries that stay good because their pages stay mapped. A
 * worker drops the stale ones when there are as many as pages of RAM.
 */
#define KEPT_PAGES	256
#define LONG_TURNS	400
#define LONG_PAGES	4096

static void keep_mapped(struct child *self, void *arg)
{
	mem_read(arg, KEPT_PAGES);
	child_sync(self);
}

static void start_keeper(struct child *keeper, const char *c)
{
	child_start(keeper, c, keep_mapped, used_memory(KEPT_PAGES));
}

static void test_behind_good(void)
{
	struct visits visits = {
		.nr = FEW,
		.turns = clock_affordable(LONG_TURNS),
		.pages = LONG_PAGES,
	};
	struct child keepers[FEW];
	long before = need_entries();
	int i;

	/* All memory is from one node, whose lists have the entries. */
	cpu_stay();
	visits.containers = container_new_several(NULL, FEW);
	for (i = 0; i < FEW; i++)
		start_keeper(&keepers[i], visits.containers[i]);
	run_visits(visit_all, &visits);
	expect_entries(before, audit_records());
	for (i = 0; i < FEW; i++)
		child_finish(&keepers[i]);
}

/* Many containers, each of which has mapped the same memory once. */
#define MANY		10000
#define MANY_PAGES	128

static void test_many_stay(void)
{
	struct visits visits = {
		.nr = clock_affordable(MANY),
		.turns = clock_affordable(MANY),
		.pages = MANY_PAGES,
	};
	long before = need_entries();

	visits.containers = container_new_several(NULL, visits.nr);
	run_visits(visit_all, &visits);
	expect_entries(before, audit_records());
}

/* Everything of a container is freed with it. */
static void test_many_go(void)
{
	struct visits visits = {
		.turns = clock_affordable(MANY),
		.pages = MANY_PAGES,
	};
	long before = need_entries(), batches = audit_batches();

	run_visits(visit_and_remove, &visits);
	require(wait_for(!container_dead()), "%ld dead containers stay behind",
		container_dead());
	expect_entries(before, 0);
	require(audit_batches() - batches <= SLACK, "%ld batches became %ld",
		batches, audit_batches());
}

/*
 * A container that has mapped many pages, of which only entries are left, is
 * removed as fast as an unused one.
 */
#define MUCH_PAGES	131072
#define PIECES		16
#define TRIES		10
#define POLL_US		100

/* How much longer it may take, as a fraction of a second. */
#define REMOVE_PART	100

static size_t much_pages(void)
{
	long kb = read_key("/proc/meminfo", "MemAvailable:");
	size_t free = kb * 1024 / page_size() / 2;
	size_t pages = clock_affordable(MUCH_PAGES);

	return free < pages ? free : pages;
}

/* All of it at the end, or it would get the same pages again. */
static void map_pieces(struct child *self, void *arg)
{
	size_t piece = *(size_t *)arg / PIECES, i;
	char *mem = mem_anon(PIECES * piece);

	for (i = 0; i < PIECES; i++)
		mem_fill(mem + i * piece * page_size(), piece, 0);
	for (i = 0; i < PIECES; i++)
		mem_advise(mem + i * piece * page_size(), piece,
			   MADV_DONTNEED);
	child_sync(self);
}

static void use_much(const char *c, size_t pages)
{
	long before = audit_entries(), entries;
	struct child child;

	child_start(&child, c, map_pieces, &pages);
	child_finish(&child);
	require(wait_for(!container_usage(c)), "usage %ld stays",
		container_usage(c));
	entries = audit_entries() - before;
	require(before < 0 || entries >= (long)pages / 2,
		"only %ld entries for %zu pages", entries, pages);
}

static bool is_any_dead(void)
{
	if (!container_dead())
		return false;
	usleep(POLL_US);
	return true;
}

/* Milliseconds to remove a new container that has mapped @pages pages. */
static double removal_ms(size_t pages)
{
	char *c = container_new(NULL, "removed");
	long end = clock_ms() + WAIT_SECONDS * 1000;
	double start;

	if (pages)
		use_much(c, pages);
	start = clock_seconds();
	container_remove(c);
	while (is_any_dead())
		require(clock_ms() < end, "it stays behind");
	free(c);
	return (clock_seconds() - start) * 1000;
}

static void test_removal(void)
{
	double allowed = (double)clock_allowed_ms(1) / REMOVE_PART;
	double empty = removal_ms(0), used, ms;
	size_t pages = much_pages();
	int i;

	used = removal_ms(pages);
	for (i = 1; i < TRIES; i++) {
		ms = removal_ms(0);
		if (ms < empty)
			empty = ms;
		ms = removal_ms(pages);
		if (ms < used)
			used = ms;
	}
	ksft_print_msg("gone after %.1f ms, with entries for %zu pages %.1f ms\n",
		       empty, pages, used);
	require(used <= empty + allowed, "%.1f ms, and %.1f ms when empty",
		used, empty);
}

/*
 * Threads that map new pages take the lock of their container's lists once for
 * many pages, not once for each.
 */
#define THREADS		8
#define THREAD_PAGES	8192
#define PAGES_A_LOCK	15

/* As lockdep names it */
#define LISTS_LOCK	"&rss->node[nid]->lock:"

/* How often any container's lists were locked since the kernel counts that. */
static long lists_locked(void)
{
	char line[512], *numbers;
	double acquired = 0;
	FILE *f = fopen("/proc/lock_stat", "r");

	require(f, "lock_stat: %s", strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		numbers = strstr(line, LISTS_LOCK);
		if (!numbers)
			continue;
		require(sscanf(numbers + strlen(LISTS_LOCK),
			       "%*f %*f %*f %*f %*f %*f %*f %lf", &acquired) == 1,
			"no acquisitions in %s", line);
		break;
	}
	fclose(f);
	return acquired;
}

static void *fill_new(void *arg)
{
	size_t pages = *(size_t *)arg;

	mem_fill(mem_anon(pages), pages, 0);
	return NULL;
}

static void fill_in_threads(struct child *self, void *arg)
{
	pthread_t threads[THREADS];
	int i;

	for (i = 0; i < THREADS; i++)
		require(!pthread_create(&threads[i], NULL, fill_new, arg),
			"no thread");
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	child_sync(self);
}

static void test_lock(void)
{
	char *c = container_new(NULL, "threads");
	size_t pages = clock_affordable(THREAD_PAGES);
	struct child child;
	long usage, locked;

	if (access("/proc/lock_stat", R_OK))
		skip_case("no lock_stat");
	tunable_set("/proc/sys/kernel/lock_stat", "1");
	locked = lists_locked();
	child_start(&child, c, fill_in_threads, &pages);
	locked = lists_locked() - locked;
	usage = container_usage(c);
	require(usage >= (long)(THREADS * pages), "usage %ld", usage);
	child_finish(&child);
	ksft_print_msg("lists locked %ld times for %ld pages\n", locked, usage);
	require(locked > 0, "lock_stat counts nothing");
	require(locked * PAGES_A_LOCK < usage, "locked %ld times for %ld pages",
		locked, usage);
}

/*
 * Memory that goes offline takes its records along, but not their entries on
 * or near lists. Once it is back, these must not refer to anything. Few pages
 * are mapped by then, so that most entries are still on lists.
 */
#define AGAIN_PAGES	50

struct in_block {
	int node;
	size_t pages;
};

static void map_in_block(struct child *self, void *arg)
{
	const struct in_block *in = arg;
	char *mem = mem_anon(in->pages);

	numa_prefer(in->node);
	mem_fill(mem, in->pages, 0);
	mem_advise(mem, in->pages, MADV_DONTNEED);
	child_sync(self);
	mem_fill(mem, AGAIN_PAGES, 0);
	child_sync(self);
}

static void test_offline(void)
{
	char *c = container_new(NULL, "lists");
	struct in_block in;
	struct child child;
	const char *why;
	long usage;
	int block;

	/* The next container adds what waits on this CPU to the lists. */
	cpu_stay();
	block = block_make_movable();
	in.node = block_node(block);
	in.pages = block_pages() / 8 * 7;
	child_start(&child, c, map_in_block, &in);
	usage = container_usage(c);
	block_order(block, "offline");
	expect_filler(container_new(NULL, "next"), 0);
	block_order(block, "online_movable");
	child_step(&child);
	expect_sizes(c, usage + AGAIN_PAGES);
	why = audit_check();
	require(!why, "%s", why);
	child_finish(&child);
	block_make_ordinary(block);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_list_sizes),
		T(test_few),
		T(test_behind_good),
		T(test_many_stay),
		T(test_many_go),
		T(test_removal),
		T(test_lock),
		T(test_offline),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
