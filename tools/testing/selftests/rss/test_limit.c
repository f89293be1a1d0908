// SPDX-License-Identifier: GPL-2.0
/*
 * Faults at the limit: of anonymous memory with swap on zram, and of a file
 * that is far larger than the limit.
 *
 * For each task in a fault, usage may exceed the limit by what the fault maps:
 * one page, the pages around it in a file, or a huge page. The case samples
 * usage from outside; rss_max_usage is the peak according to the kernel.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "keys.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"
#include "thp.h"

/* Regions have REGION pages, so most of each must be reclaimed once. */
#define LIMIT		1024
#define REGION		(4 * LIMIT)
#define CHILDREN	4

static void test_swap(void)
{
	struct filler filler = { .pages = REGION };
	struct child child;
	char *c;

	swap_on(2 * REGION);
	c = limited_container("limited", LIMIT);
	child_start(&child, c, child_filler, &filler);
	child_step_limited(&child, c, 1);
	/* All but what is in memory has been reclaimed at least once. */
	require(container_get(c, "rss_reclaimed") >= REGION - LIMIT,
		"reclaimed only %ld pages", container_get(c, "rss_reclaimed"));

	child_step_limited(&child, c, 1);
	child_finish(&child);
	require(!container_usage(c), "usage %ld stays", container_usage(c));
	container_remove(c);
}

static void test_several(void)
{
	struct filler filler = { .pages = REGION };
	struct child children[CHILDREN];
	long highest;
	char *c;
	int i, round;

	swap_on(2 * CHILDREN * REGION);
	c = limited_container("limited", LIMIT);
	for (i = 0; i < CHILDREN; i++)
		child_start(&children[i], c, child_filler, &filler);
	for (round = 0; round < 2; round++) {
		highest = child_watch(children, CHILDREN, c);
		check_held(c, highest, CHILDREN);
		for (i = 0; i < CHILDREN; i++)
			require(children[i].state == CHILD_SYNCED,
				"child %d was killed", i);
	}
	for (i = 0; i < CHILDREN; i++)
		child_finish(&children[i]);
	container_remove(c);
}

static void fill_huge(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem = thp_anon(pages);

	child_sync(self);
	mem_fill(mem, pages, 0);
	child_sync(self);
	mem_verify(mem, pages, 0);
	child_sync(self);
}

static void test_huge(void)
{
	size_t pages = 8 * thp_need();
	struct child child;
	char *c;
	int round;

	swap_on(2 * pages);
	/* Two huge pages, and half of one for the rest of the child. */
	c = limited_container("limited", pages / 4 + huge_pages() / 2);
	child_start(&child, c, fill_huge, &pages);
	for (round = 0; round < 2; round++)
		child_step_limited(&child, c, huge_pages());
	child_finish(&child);
}

/* A process that fills its container to the last page loses none. */
static void test_exact(void)
{
	struct filler filler = { .pages = LIMIT };
	struct child child;
	char *c;

	c = container_new(NULL, "exact");
	child_start(&child, c, child_filler, &filler);
	container_set_pages(c, "rss_limit", container_usage(c) + LIMIT);
	child_step(&child);
	require(container_usage(c) == container_get(c, "rss_limit"),
		"usage %ld, limit %ld", container_usage(c),
		container_get(c, "rss_limit"));
	require(container_get(c, "rss_reclaimed") == 0,
		"%ld pages reclaimed below the limit",
		container_get(c, "rss_reclaimed"));
	child_step(&child);
	child_finish(&child);
}

/* All but half of the last huge page. */
static void fill_most(struct child *self, void *arg)
{
	size_t pages = *(size_t *)arg;
	char *mem = thp_anon(pages);

	child_sync(self);
	mem_fill(mem, pages - huge_pages() / 2, 0);
	child_sync(self);
}

/*
 * Without swap. All pages that are touched fit, but the last huge page would
 * not, so small pages must be used.
 */
static void test_huge_fits(void)
{
	size_t pages = 4 * thp_need();
	struct child child;
	char *c;

	swap_none();
	c = container_new(NULL, "fits");
	child_start(&child, c, fill_most, &pages);
	container_set_pages(c, "rss_limit",
			    container_usage(c) + pages - huge_pages() / 2);
	child_go(&child);
	require(child_wait(&child) == CHILD_SYNCED, "the child was killed");
	require(container_usage(c) <= container_get(c, "rss_limit"),
		"usage %ld, limit %ld", container_usage(c),
		container_get(c, "rss_limit"));
	child_finish(&child);
}

/*
 * A file of 64 MiB mapped under a limit of 4 MiB. RSS_FILE_MIB in the
 * environment makes the file smaller for slow machines.
 *
 * Unmapping a file page is enough to reclaim it: it stays in the page cache,
 * nothing is read or written, and no task is killed. One read fault maps up to
 * 64 KiB around it, which is the allowance for each task.
 */
#define FILE_MIB	64
#define LEAST_FILE_MIB	16
#define LIMIT_BYTES	(4 << 20)
#define SEED		1000
#define NEW_SEED	2000

static size_t file_bytes(void)
{
	const char *mib = getenv("RSS_FILE_MIB");
	long size = mib ? atol(mib) : FILE_MIB;

	require(size >= LEAST_FILE_MIB, "RSS_FILE_MIB is less than %d",
		LEAST_FILE_MIB);
	return size << 20;
}

static size_t file_pages(void)
{
	return file_bytes() / page_size();
}

static const char * const io_items[] = {
	"pgpgin", "pgpgout", "pgmajfault", "pswpin", "pswpout",
};

static void read_io(long *counts)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(io_items); i++) {
		counts[i] = read_key("/proc/vmstat", io_items[i]);
		/* The last two exist only if the kernel can swap. */
		require(counts[i] >= 0 || i > 2, "no %s", io_items[i]);
	}
}

static void check_no_io(const long *before)
{
	long after[ARRAY_SIZE(io_items)];
	unsigned int i;

	read_io(after);
	for (i = 0; i < ARRAY_SIZE(io_items); i++)
		require(after[i] == before[i], "%s grew by %ld", io_items[i],
			after[i] - before[i]);
}

/* All pages of the file are still in the page cache. */
static void check_cached(int fd)
{
	size_t pages = file_pages(), cached = 0, i;
	char *mem = mem_file(fd, pages, MAP_SHARED);
	unsigned char *states = calloc(pages, 1);

	require(states && !mincore(mem, pages * page_size(), states),
		"mincore: %s", strerror(errno));
	for (i = 0; i < pages; i++)
		cached += states[i] & 1;
	require(cached == pages, "only %zu pages of %zu are cached", cached,
		pages);
	free(states);
	mem_unmap(mem, pages);
}

/* Each page once, in an order that readahead can't guess. */
static void verify_at_random(char *mem, size_t pages)
{
	size_t i, at = 0;

	for (i = 0; i < pages; i++) {
		/* A full period: pages is a power of 2. */
		at = (at * 1664525 + 1013904223) & (pages - 1);
		mem_verify(mem + at * page_size(), 1, SEED + at);
	}
}

static void read_file(struct child *self, void *arg)
{
	size_t pages = file_pages();
	char *mem = mem_file(*(int *)arg, pages, MAP_SHARED);
	int round;

	child_sync(self);
	for (round = 0; round < 3; round++)
		mem_verify(mem, pages, SEED);
	verify_at_random(mem, pages);
	child_sync(self);
}

static void read_under_limit(int fd, int tasks)
{
	char *c = limited_container("limited", LIMIT_BYTES / page_size());
	struct child children[2];
	long highest;
	int i;

	for (i = 0; i < tasks; i++)
		child_start(&children[i], c, read_file, &fd);
	highest = child_watch(children, tasks, c);
	check_held(c, highest, tasks * fault_around_pages());
	require(container_get(c, "rss_reclaimed") >=
		(long)file_pages() - container_get(c, "rss_limit"),
		"reclaimed only %ld pages", container_get(c, "rss_reclaimed"));
	check_cached(fd);
	for (i = 0; i < tasks; i++)
		require(children[i].state == CHILD_SYNCED,
			"child %d was killed", i);
	for (i = 0; i < tasks; i++)
		child_finish(&children[i]);
	require(!container_usage(c), "usage %ld stays", container_usage(c));
	container_remove(c);
}

/* Without swap, only the file can be reclaimed. */
static void read_without_io(int fd)
{
	long before[ARRAY_SIZE(io_items)];

	read_io(before);
	read_under_limit(fd, 1);
	check_no_io(before);
}

static void test_file_read_tmpfs(void)
{
	swap_none();
	fs_mount("tmpfs", NULL);
	read_without_io(fs_file("file", file_pages(), SEED));
}

/* Its pages are never freed, but they can be unmapped. */
static void test_file_read_ramfs(void)
{
	swap_none();
	fs_mount("ramfs", NULL);
	read_without_io(fs_file("file", file_pages(), SEED));
}

/* With swap, some pages of the processes themselves may go there. */
static void test_file_read_swap(void)
{
	swap_on(file_pages());
	fs_mount("tmpfs", NULL);
	read_under_limit(fs_file("file", file_pages(), SEED), 2);
}

/* Runs a child that takes just one step under the limit. */
static void run_limited(child_fn fn, void *arg)
{
	char *c = limited_container("limited", LIMIT_BYTES / page_size());
	struct child child;

	child_start(&child, c, fn, arg);
	child_step_limited(&child, c, fault_around_pages());
	child_finish(&child);
}

/*
 * A part of the file is read repeatedly, while the rest passes by. If reclaim
 * took only the oldest pages, that part would be reclaimed in each round; this
 * may happen until reclaim sees that it returns. Code stays even if it is used
 * only now and then.
 */
#define HOT		256
#define OFTEN		64
#define RARELY		2048
#define PASSING		(8 * RARELY)
#define MOST_FAULTS	(2 * HOT)

struct hot_part {
	int fd;
	int prot;
	size_t pause;		/* other pages in between */
};

static long faults_of_reading(const char *mem, size_t pages)
{
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	mem_read(mem, pages);
	getrusage(RUSAGE_SELF, &after);
	return after.ru_minflt - before.ru_minflt;
}

static void read_hot_part(struct child *self, void *arg)
{
	const struct hot_part *part = arg;
	size_t pages = file_pages(), at = HOT, i;
	char *mem = mem_file(part->fd, pages, MAP_SHARED);
	long faults = 0;

	require(!mprotect(mem, HOT * page_size(), part->prot), "mprotect: %s",
		strerror(errno));
	child_sync(self);
	for (i = 0; i < PASSING; i += OFTEN) {
		if (i % part->pause == 0)
			faults += faults_of_reading(mem, HOT);
		mem_read(mem + at * page_size(), OFTEN);
		at = at + OFTEN < pages ? at + OFTEN : HOT;
	}
	ksft_print_msg("%ld faults of %d pages\n", faults, HOT);
	require(faults <= MOST_FAULTS, "%ld faults of %d pages in use",
		faults, HOT);
	child_sync(self);
}

static void read_with_hot_part(int prot, size_t pause)
{
	struct hot_part part = { .prot = prot, .pause = pause };

	swap_none();
	fs_mount("tmpfs", NULL);
	part.fd = fs_file("file", file_pages(), SEED);
	run_limited(read_hot_part, &part);
}

static void test_file_hot_data(void)
{
	read_with_hot_part(PROT_READ, OFTEN);
}

static void test_file_hot_code(void)
{
	read_with_hot_part(PROT_READ | PROT_EXEC, RARELY);
}

static int disk_file(void)
{
	fs_mount_disk(file_bytes() + (32 << 20));
	return fs_file("file", file_pages(), SEED);
}

static void test_file_read_disk(void)
{
	int fd;

	swap_none();
	fd = disk_file();
	/* Leave nothing to be written meanwhile. */
	require(!fsync(fd), "fsync: %s", strerror(errno));
	sync();
	read_without_io(fd);
}

static void write_file(struct child *self, void *arg)
{
	size_t pages = file_pages();
	char *mem = mem_file(*(int *)arg, pages, MAP_SHARED);

	child_sync(self);
	mem_fill(mem, pages, NEW_SEED);
	child_sync(self);
}

/* Written data survives being unmapped while dirty. */
static void write_under_limit(int fd)
{
	char *c = limited_container("limited", LIMIT_BYTES / page_size());
	struct child child;

	child_start(&child, c, write_file, &fd);
	child_step_limited(&child, c, 1);
	/* By read(), while it is still mapped. */
	fs_verify(fd, file_pages(), NEW_SEED);
	child_finish(&child);
}

static void test_file_write_tmpfs(void)
{
	swap_none();
	fs_mount("tmpfs", NULL);
	write_under_limit(fs_file("file", file_pages(), SEED));
}

static void test_file_write_disk(void)
{
	int fd = disk_file();

	write_under_limit(fd);
	/* Once more, from the disk. */
	require(!fsync(fd) &&
		!posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED),
		"writing the file back: %s", strerror(errno));
	fs_verify(fd, file_pages(), NEW_SEED);
}

static void fill_shared(struct child *self, void *arg)
{
	size_t pages = file_pages();
	char *mem = mem_shared(pages);

	(void)arg;
	child_sync(self);
	mem_fill(mem, pages, SEED);
	mem_verify(mem, pages, SEED);
	child_sync(self);
}

/* Shared anonymous memory is a tmpfs file: no swap is needed. */
static void test_shared_anon(void)
{
	swap_none();
	run_limited(fill_shared, NULL);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_swap),
		T(test_several),
		T(test_huge),
		T(test_exact),
		T(test_huge_fits),
		T(test_file_read_tmpfs),
		T(test_file_read_ramfs),
		T(test_file_read_swap),
		T(test_file_read_disk),
		T(test_file_hot_data),
		T(test_file_hot_code),
		T(test_file_write_tmpfs),
		T(test_file_write_disk),
		T(test_shared_anon),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
