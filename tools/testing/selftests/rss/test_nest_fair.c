// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim for the limit of a container takes pages from its descendants in
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
#include <stdlib.h>
#include <sys/mman.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"
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

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_anon),
		T(test_file),
		T(test_growth),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
