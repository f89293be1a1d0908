// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <glob.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "cgroup_util.h"
#include "mem.h"
#include "numa.h"
#include "runner.h"

#define TIERS		"/sys/devices/virtual/memory_tiering/"
#define NODE_DIR	"/sys/devices/system/node/"
#define BATCH		512
#define MOVE_TRIES	1000

/* Calls @fn for each number in a list such as "0-2,5". */
static void walk_list(char *list, void (*fn)(int nr, void *arg), void *arg)
{
	int first, last, fields;
	char *part;

	while ((part = strsep(&list, ","))) {
		fields = sscanf(part, "%d-%d", &first, &last);
		if (fields == 1)
			last = first;
		while (fields > 0 && first <= last)
			fn(first++, arg);
	}
}

struct found {
	int nr;
	struct nodes *nodes;
};

static void add_node(int nr, void *arg)
{
	struct found *found = arg;
	char path[64], list[256];

	snprintf(path, sizeof(path), NODE_DIR "node%d/cpulist", nr);
	if (found->nr < 2 && read_text(path, list, sizeof(list)) > 1)
		found->nodes->id[found->nr++] = nr;
}

bool numa_find(struct nodes *nodes)
{
	struct found found = { 0, nodes };
	char list[256];

	if (read_text(NODE_DIR "has_memory", list, sizeof(list)) > 0)
		walk_list(list, add_node, &found);
	return found.nr == 2;
}

void numa_nodes(struct nodes *nodes)
{
	if (!numa_find(nodes))
		skip_case("no two nodes with memory and CPUs");
}

static void note_node(int nr, void *arg)
{
	*(int *)arg = nr;
}

/* A higher tier number means slower memory. */
int numa_slow_node(void)
{
	int node = -1, slowest = -1, tier;
	char list[256];
	glob_t paths;
	size_t i;

	if (glob(TIERS "memory_tier*/nodelist", 0, NULL, &paths) ||
	    paths.gl_pathc < 2)
		skip_case("all memory is of one tier");
	for (i = 0; i < paths.gl_pathc; i++) {
		require(sscanf(paths.gl_pathv[i], TIERS "memory_tier%d",
			       &tier) == 1, "%s is no tier", paths.gl_pathv[i]);
		if (tier < slowest ||
		    read_text(paths.gl_pathv[i], list, sizeof(list)) <= 1)
			continue;
		slowest = tier;
		walk_list(list, note_node, &node);
	}
	globfree(&paths);
	return node;
}

void numa_prefer(int node)
{
	unsigned long mask = 1UL << (node < 0 ? 0 : node);
	long err;

	if (node < 0)
		err = syscall(SYS_set_mempolicy, MPOL_DEFAULT, NULL, 0);
	else
		err = syscall(SYS_set_mempolicy, MPOL_PREFERRED, &mask,
			      sizeof(mask) * 8);
	require(!err, "set_mempolicy: %s", strerror(errno));
}

static void add_cpu(int nr, void *arg)
{
	CPU_SET(nr, (cpu_set_t *)arg);
}

void numa_run_on(int node)
{
	char path[64], list[256];
	cpu_set_t cpus;

	snprintf(path, sizeof(path), NODE_DIR "node%d/cpulist", node);
	require(read_text(path, list, sizeof(list)) > 0, "no %s", path);
	CPU_ZERO(&cpus);
	walk_list(list, add_cpu, &cpus);
	require(!sched_setaffinity(0, sizeof(cpus), &cpus),
		"sched_setaffinity: %s", strerror(errno));
}

/* Why the last page that failed to migrate did. */
static int last_error;

/* Migrates up to BATCH pages; only queries their nodes if @to is NULL. */
static size_t move_batch(pid_t pid, char *mem, size_t pages, const int *to,
			 int node)
{
	static int status[BATCH];
	static char *page[BATCH];
	size_t there = 0, i;

	for (i = 0; i < pages; i++)
		page[i] = mem + i * page_size();
	require(syscall(SYS_move_pages, pid, pages, page, to, status,
			MPOL_MF_MOVE_ALL) >= 0, "move_pages: %s",
		strerror(errno));
	for (i = 0; i < pages; i++) {
		there += status[i] == node;
		if (to && status[i] < 0)
			last_error = -status[i];
	}
	return there;
}

static size_t walk_batches(pid_t pid, char *mem, size_t pages, const int *to,
			   int node)
{
	size_t there = 0, done, nr;

	for (done = 0; done < pages; done += nr) {
		nr = pages - done < BATCH ? pages - done : BATCH;
		there += move_batch(pid, mem + done * page_size(), nr, to, node);
	}
	return there;
}

size_t numa_count(pid_t pid, char *mem, size_t pages, int node)
{
	return walk_batches(pid, mem, pages, NULL, node);
}

size_t numa_try_move(pid_t pid, char *mem, size_t pages, int node)
{
	static int to[BATCH];
	int i;

	for (i = 0; i < BATCH; i++)
		to[i] = node;
	/* The status of pages already there is not reliable. */
	walk_batches(pid, mem, pages, to, node);
	return numa_count(pid, mem, pages, node);
}

void numa_move(pid_t pid, char *mem, size_t pages, int node)
{
	size_t there = 0;
	int tries;

	/* Others may hold a page briefly. */
	for (tries = 0; there < pages && tries < MOVE_TRIES; tries++) {
		there = numa_try_move(pid, mem, pages, node);
		if (there < pages)
			usleep(WAIT_POLL_US);
	}
	require(there == pages, "of %zu pages %zu come to node %d: %s", pages,
		there, node, strerror(last_error));
}

bool numa_try_migrate(pid_t pid, int from, int to)
{
	unsigned long old = 1UL << from, new = 1UL << to;

	return syscall(SYS_migrate_pages, pid, sizeof(old) * 8, &old, &new) >= 0;
}

void numa_migrate(pid_t pid, int from, int to)
{
	require(numa_try_migrate(pid, from, to), "migrate_pages: %s",
		strerror(errno));
}
