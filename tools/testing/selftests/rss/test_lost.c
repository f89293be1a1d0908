// SPDX-License-Identifier: GPL-2.0
/*
 * Pages whose entries found no memory. They are charged like others, and found
 * when needed: by reclaim, and when their container is removed.
 */
#include <sys/mman.h>

#include "audit.h"
#include "child.h"
#include "container.h"
#include "fs.h"
#include "inject.h"
#include "mem.h"
#include "runner.h"

#define N	1024

struct reader {
	int fd;
	char *mem;
};

/* At most the pages for which one page table is enough. */
#define TABLE	512

/*
 * Maps all of the file without memory, except for the page tables; then again,
 * with memory.
 */
static void read_twice(struct child *self, void *arg)
{
	struct reader *reader = arg;
	int fd = inject_open();
	size_t i;

	reader->mem = mem_file(reader->fd, N, MAP_SHARED);
	for (i = 0; i < N; i += TABLE)
		mem_read(reader->mem + i * page_size(), 1);
	mem_read(reader->mem + (N - 1) * page_size(), 1);
	child_sync(self);
	inject_set(fd, "1");
	mem_read(reader->mem, N);
	inject_set(fd, "0");
	child_sync(self);
	mem_read(reader->mem, N);
	child_sync(self);
}

/* A child of @c that has mapped a file, mostly without entries. */
static void start_lost(struct child *child, const char *c, struct reader *reader)
{
	long entries, usage;

	if (audit_entries() < 0)
		skip_case("no audit");
	inject_start("failslab");
	fs_mount("tmpfs", NULL);
	reader->fd = fs_file("file", N, 0);
	child_start(child, c, read_twice, reader);
	entries = audit_entries();
	usage = container_usage(c);
	child_step(child);
	require(container_usage(c) >= N && container_usage(c) > usage,
		"usage %ld after %ld", container_usage(c), usage);
	entries = audit_entries() - entries;
	require(entries < N / 2, "%ld of %d pages are on lists", entries, N);
}

static void test_reclaim(void)
{
	char *c = container_new(NULL, "short");
	struct reader reader;
	struct child child;

	start_lost(&child, c, &reader);
	container_set_pages(c, "rss_limit", N / 2);
	require(container_usage(c) <= N / 2, "usage %ld, limit %d",
		container_usage(c), N / 2);
	child_step(&child);
	require(container_usage(c) <= N / 2, "usage %ld, limit %d",
		container_usage(c), N / 2);
	child_finish(&child);
}

static void read_once(struct child *self, void *arg)
{
	mem_read(mem_file(*(int *)arg, N, MAP_SHARED), N);
	child_sync(self);
}

/* Pages that others still map go to the parent, where they are found. */
static void test_removal(void)
{
	char *parent = container_new(NULL, "parent"), *c;
	struct child child, other;
	struct reader reader;

	c = container_new(parent, "short");
	start_lost(&child, c, &reader);
	child_start(&other, NULL, read_once, &reader.fd);
	child_step(&child);
	child_finish(&child);
	require(container_usage(c) == N, "usage %ld instead of %d",
		container_usage(c), N);
	container_remove(c);
	require(wait_for(!container_dead()), "it stays behind");
	require(container_usage(parent) == N, "usage %ld of the parent",
		container_usage(parent));
	require(audit_entries() >= N, "%ld entries", audit_entries());
	child_finish(&other);
	require(wait_for(!container_usage(parent)), "usage %ld stays",
		container_usage(parent));
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_reclaim),
		T(test_removal),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
