// SPDX-License-Identifier: GPL-2.0
/*
 * The order in which children give pages while their parent's limit is
 * constantly met: a child's own limit must not disturb the turns of its
 * siblings, a child with less than its fair share keeps its pages, and nodes
 * take turns like children.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "fs.h"
#include "mem.h"
#include "numa.h"
#include "runner.h"
#include "swap.h"

#define LIMIT		4000	/* of the parent */
#define OWN_LIMIT	600	/* of one of its children */
#define OWN_PART	900	/* what that child reads */
#define PART		6000	/* what each of the others reads */
#define IDLE		150	/* less than a quarter of a fifth of LIMIT */
#define SAMPLES		20
#define SAMPLE_US	200000

/* Pages that a child reads on a CPU, once or until it is killed. */
struct reader {
	int fd;
	size_t pages;
	int cpu;
	bool once;
};

static void read_in_turn(struct child *self, void *arg)
{
	const struct reader *reader = arg;
	char *mem = mem_file(reader->fd, reader->pages, MAP_SHARED);

	cpu_run_on(reader->cpu);
	/* Each page faults by itself. */
	mem_advise(mem, reader->pages, MADV_RANDOM);
	if (reader->once)
		mem_read(mem, reader->pages);
	child_sync(self);
	do
		mem_read(mem, reader->pages);
	while (!reader->once);
	child_sync(self);
}

static char *start_reader(struct child *child, const char *parent,
			  const char *name, size_t pages, int cpu, bool once)
{
	char *container = container_new(parent, name);
	struct reader reader = { fs_file(name, pages, 0), pages, cpu, once };

	child_start(child, container, read_in_turn, &reader);
	return container;
}

static void test_own_limit(void)
{
	char *parent, *own, *twins[2], *idle;
	struct child readers[3], sleeper;
	long sum[2] = { }, own_sum = 0, least, most, left;
	int i, sample;

	swap_none();
	fs_mount("tmpfs", NULL);
	parent = container_new(NULL, "parent");
	idle = start_reader(&sleeper, parent, "idle", IDLE, 0, true);
	own = start_reader(&readers[0], parent, "own", OWN_PART, 0, false);
	/* On the same CPU: equal load, with the same time for it. */
	twins[0] = start_reader(&readers[1], parent, "twin", PART, 1, false);
	twins[1] = start_reader(&readers[2], parent, "other", PART, 1, false);
	container_set_pages(own, "rss_limit", OWN_LIMIT);
	container_set_pages(parent, "rss_limit", LIMIT);
	for (i = 0; i < 3; i++)
		child_go(&readers[i]);

	/* Not before the parent's limit was met for a while. */
	require(wait_for(container_get(parent, "rss_reclaimed") > 8 * LIMIT),
		"only %ld pages were reclaimed",
		container_get(parent, "rss_reclaimed"));
	for (sample = 0; sample < SAMPLES; sample++) {
		usleep(SAMPLE_US);
		own_sum += container_usage(own);
		for (i = 0; i < 2; i++)
			sum[i] += container_usage(twins[i]);
	}
	left = container_usage(idle);
	ksft_print_msg("own limit %ld, twins %ld %ld, idle %ld\n",
		       own_sum / SAMPLES, sum[0] / SAMPLES, sum[1] / SAMPLES,
		       left);
	least = sum[0] < sum[1] ? sum[0] : sum[1];
	most = sum[0] + sum[1] - least;
	require(least * 10 >= most * 8, "the same load has %ld and %ld pages",
		sum[0] / SAMPLES, sum[1] / SAMPLES);
	require(left >= IDLE * 9 / 10, "the idle one has %ld pages of %d",
		left, IDLE);
	for (i = 0; i < 3; i++)
		kill(readers[i].pid, SIGKILL);
}

/*
 * Pages in use on one node and unused ones on another, together more than fit:
 * the unused ones must be reclaimed, on whichever node they are.
 */
#define HOT		600
#define COLD		1000
#define SPACE		1200
#define ROUNDS		16

struct split {
	struct nodes nodes;
	int hot;		/* index of the node with the pages in use */
	int hot_fd;
	int cold_fd;
	long *faults;		/* shared with the case */
};

static int file_on(int node, const char *name, size_t pages)
{
	int fd;

	numa_prefer(node);
	fd = fs_file(name, pages, 0);
	numa_prefer(-1);
	return fd;
}

static void use_hot_pages(struct child *self, void *arg)
{
	struct split *split = arg;
	char *hot = mem_file(split->hot_fd, HOT, MAP_SHARED);
	char *cold = mem_file(split->cold_fd, COLD, MAP_SHARED);
	struct rusage before, after;
	int round;

	mem_advise(hot, HOT, MADV_RANDOM);
	mem_advise(cold, COLD, MADV_RANDOM);
	child_sync(self);
	mem_read(cold, COLD);
	getrusage(RUSAGE_SELF, &before);
	for (round = 0; round < ROUNDS; round++)
		mem_read(hot, HOT);
	getrusage(RUSAGE_SELF, &after);
	*split->faults = after.ru_minflt - before.ru_minflt;
	child_sync(self);
}

static long faults_until_settled(struct split *split, const char *name)
{
	struct child child;
	char *container;

	fs_mount("tmpfs", NULL);
	split->hot_fd = file_on(split->nodes.id[split->hot], "hot", HOT);
	split->cold_fd = file_on(split->nodes.id[!split->hot], "cold", COLD);
	container = container_new(NULL, name);
	child_start(&child, container, use_hot_pages, split);
	container_set_pages(container, "rss_limit",
			    container_usage(container) + SPACE);
	child_step(&child);
	child_finish(&child);
	return *split->faults;
}

static void test_nodes(void)
{
	struct split split = { .faults = (long *)mem_shared(1) };
	long faults[2];
	int i;

	numa_nodes(&split.nodes);
	swap_none();
	for (i = 0; i < 2; i++) {
		split.hot = i;
		faults[i] = faults_until_settled(&split, i ? "second" : "first");
	}
	ksft_print_msg("%d pages in use on the first node: %ld faults; on the second: %ld\n",
		       HOT, faults[0], faults[1]);
	for (i = 0; i < 2; i++)
		require(faults[i] <= 2 * HOT && faults[i] <= 2 * faults[!i],
			"%ld faults of %d pages, %ld the other way round",
			faults[i], HOT, faults[!i]);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_own_limit),
		T(test_nodes),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
