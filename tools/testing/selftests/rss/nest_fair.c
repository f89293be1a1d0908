// SPDX-License-Identifier: GPL-2.0
/*
 * Who gives pages when a parent's limit is met. Its descendants do so in
 * proportion to what they have, over several rounds:
 *
 *	root
 *	  parent		the limit, lowered step by step
 *	    one			N pages
 *	    two			2 * N
 *	    group
 *	      four		4 * N
 *	  sibling		N, none of them reclaimed
 *
 * The pages are all alike and are not used meanwhile.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "child.h"
#include "container.h"
#include "cpu.h"
#include "fs.h"
#include "mem.h"
#include "numa.h"
#include "runner.h"
#include "suites.h"
#include "swap.h"

#define N		1024
#define NR		3
#define STEPS		8
#define LEFT		4	/* a fourth stays in the end */

/*
 * A turn takes a batch of 32 pages or slightly more from one of them. In
 * between, each may be ahead or behind by some turns.
 */
#define TOLERANCE	(6 * 32)

struct family {
	char *parent;
	char *sibling;
	char *members[NR];
	struct child children[NR + 1];
	long start[NR];		/* usage before the first step */
};

/* Memory for a child of a family. */
struct part {
	size_t pages;
	int fd;			/* 0: anonymous */
};

static void hold_part(struct child *self, void *arg)
{
	const struct part *part = arg;
	char *mem;

	if (part->fd) {
		mem = mem_file(part->fd, part->pages, MAP_SHARED);
		mem_read(mem, part->pages);
	} else {
		mem = mem_anon(part->pages);
		mem_fill(mem, part->pages, self->pid);
	}
	child_sync(self);
	if (!part->fd)
		mem_verify(mem, part->pages, self->pid);
	child_sync(self);
}

static void make_family(struct family *f, const int *fds)
{
	const char *names[NR] = { "one", "two", "four" };
	struct part part;
	char *group;
	int i;

	f->parent = container_new(NULL, "parent");
	group = container_new(f->parent, "group");
	f->sibling = container_new(NULL, "sibling");
	for (i = 0; i < NR; i++) {
		f->members[i] = container_new(i < 2 ? f->parent : group,
					      names[i]);
		part = (struct part) { N << i, fds ? fds[i] : 0 };
		child_start(&f->children[i], f->members[i], hold_part, &part);
		f->start[i] = container_usage(f->members[i]);
	}
	part = (struct part) { N, fds ? fds[NR] : 0 };
	child_start(&f->children[NR], f->sibling, hold_part, &part);
}

static long sum(const long *values)
{
	long total = 0;
	int i;

	for (i = 0; i < NR; i++)
		total += values[i];
	return total;
}

static void expect_shares(const struct family *f, const char *when)
{
	long now[NR], share;
	int i;

	for (i = 0; i < NR; i++)
		now[i] = container_usage(f->members[i]);
	ksft_print_msg("%s: usage %ld %ld %ld\n", when, now[0], now[1], now[2]);
	for (i = 0; i < NR; i++) {
		share = f->start[i] * sum(now) / sum(f->start);
		require(labs(now[i] - share) <= TOLERANCE,
			"%s: usage %ld %ld %ld, of %ld %ld %ld; one that has %ld should have %ld",
			when, now[0], now[1], now[2], f->start[0], f->start[1],
			f->start[2], now[i], share);
	}
}

static void end_family(struct family *f)
{
	int i;

	for (i = 0; i <= NR; i++) {
		child_step(&f->children[i]);
		child_finish(&f->children[i]);
	}
}

static void lower_in_steps(struct family *f)
{
	long start = sum(f->start), usage = container_usage(f->sibling);
	char when[32];
	int step;

	for (step = 1; step <= STEPS; step++) {
		container_set_pages(f->parent, "rss_limit", start - start *
				    (LEFT - 1) / LEFT * step / STEPS);
		snprintf(when, sizeof(when), "step %d", step);
		expect_shares(f, when);
	}
	require(container_usage(f->sibling) == usage &&
		!container_get(f->sibling, "rss_reclaimed"),
		"usage of the sibling went from %ld to %ld", usage,
		container_usage(f->sibling));
}

static void test_anon(void)
{
	struct family f;

	swap_on(16 * N);
	make_family(&f, NULL);
	lower_in_steps(&f);
	container_set(f.parent, "rss_limit", "max");
	end_family(&f);
}

static void test_file(void)
{
	static const char * const names[] = { "1", "2", "4", "sibling" };
	int fds[NR + 1], i;
	struct family f;

	fs_mount("tmpfs", NULL);
	for (i = 0; i <= NR; i++)
		fds[i] = fs_file(names[i], i < NR ? N << i : N, 0);
	make_family(&f, fds);
	lower_in_steps(&f);
	container_set(f.parent, "rss_limit", "max");
	end_family(&f);
}

/* From below: a new child grows under a limit that the others fill. */
static void test_growth(void)
{
	struct filler filler = { .pages = 2 * N };
	struct child newcomer;
	struct family f;
	long usage;
	char *c;

	swap_on(32 * N);
	make_family(&f, NULL);
	c = container_new(f.parent, "newcomer");
	child_start(&newcomer, c, child_filler, &filler);
	container_set_pages(f.parent, "rss_limit", container_usage(f.parent));
	child_go(&newcomer);
	require(child_wait(&newcomer) == CHILD_SYNCED, "it was killed");
	expect_shares(&f, "grown");
	/* It gives its share, too, but has most of what it wanted. */
	usage = container_usage(c);
	require(usage >= N, "usage %ld of a child that wants %d", usage, 2 * N);
	container_set(f.parent, "rss_limit", "max");
	child_step(&newcomer);
	child_finish(&newcomer);
	end_family(&f);
}

/*
 * While the parent's limit is constantly met: a child's own limit must not
 * disturb the turns of its siblings, a child with less than its fair share
 * keeps its pages, and nodes take turns like children.
 */
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

static const struct rss_case cases[] = {
	T(test_anon),
	T(test_file),
	T(test_growth),
	T(test_own_limit),
	T(test_nodes),
};

const struct rss_suite nest_fair = {
	"fair", cases, ARRAY_SIZE(cases)
};
