// SPDX-License-Identifier: GPL-2.0
/*
 * Containers nest:
 *
 *	root
 *	  parent		usage: its own + left + right
 *	    left
 *	    right
 *	  sibling
 *
 * A charge counts all the way up; the tightest limit on the way holds, and
 * reclaim and the OOM killer stay below the container whose limit it is.
 */
#include <sys/mman.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "hierarchy.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "suites.h"
#include "swap.h"

#define LIMIT	2048
#define N	256

struct family {
	char *parent;
	char *left;
	char *right;
	char *sibling;
};

static struct family make_family(void)
{
	struct family f;

	f.parent = container_new(NULL, "parent");
	f.left = container_new(f.parent, "left");
	f.right = container_new(f.parent, "right");
	f.sibling = container_new(NULL, "sibling");
	return f;
}

static void expect_sum(const struct family *f)
{
	static const char * const items[] = { "anon", "file", "shmem" };
	unsigned int i;

	require(container_usage(f->parent) ==
		container_usage(f->left) + container_usage(f->right),
		"usage %ld of the parent, %ld and %ld of its children",
		container_usage(f->parent), container_usage(f->left),
		container_usage(f->right));
	for (i = 0; i < ARRAY_SIZE(items); i++)
		require(container_stat(f->parent, items[i]) ==
			container_stat(f->left, items[i]) +
			container_stat(f->right, items[i]),
			"%s of the parent is no sum", items[i]);
}

static void test_sum(void)
{
	struct filler filler = { .pages = N };
	struct family f = make_family();
	struct child left, right;
	long usage;

	child_start(&left, f.left, child_filler, &filler);
	expect_sum(&f);
	child_start(&right, f.right, child_filler, &filler);
	expect_sum(&f);

	usage = container_usage(f.parent);
	child_step(&left);
	require(container_usage(f.parent) == usage + N,
		"%d pages made %ld of usage %ld", N,
		container_usage(f.parent), usage);
	child_step(&right);
	expect_sum(&f);
	require(container_get(f.parent, "rss_max_usage") >= usage + 2 * N,
		"max_usage %ld", container_get(f.parent, "rss_max_usage"));
	require(!container_usage(f.sibling), "the sibling is charged");

	child_step(&left);
	child_finish(&left);
	expect_sum(&f);
	child_step(&right);
	child_finish(&right);
	require(!container_usage(f.parent), "usage %ld stays",
		container_usage(f.parent));
}

static void expect_untouched(const char *container, long usage)
{
	require(container_usage(container) == usage &&
		!container_get(container, "rss_failcnt") &&
		!container_get(container, "rss_reclaimed"),
		"%s: usage %ld, failcnt %ld, reclaimed %ld",
		container_path(container), container_usage(container),
		container_get(container, "rss_failcnt"),
		container_get(container, "rss_reclaimed"));
}

/* On v2 no file tells on whose behalf reclaim ran. */
static bool is_uninvolved(const char *container)
{
	return !container_get(container, "rss_failcnt") &&
	       (hierarchy_is_v2() || !container_get(container, "rss_reclaimed"));
}

/* @who fills 2 * LIMIT under the limit of @limited. */
static void fill_under_limit(const char *limited, const char *who)
{
	struct filler filler = { .pages = 2 * LIMIT };
	struct child child;

	container_set_pages(limited, "rss_limit", LIMIT);
	child_start(&child, who, child_filler, &filler);
	child_step_limited(&child, limited, 1);
	require(container_get(limited, "rss_reclaimed") > 0,
		"nothing was reclaimed");
	child_step(&child);
	child_finish(&child);
}

static void test_parent_limit(void)
{
	struct filler filler = { .pages = N };
	struct family f = make_family();
	struct child sibling;
	long usage;

	swap_on(8 * LIMIT);
	child_start(&sibling, f.sibling, child_filler, &filler);
	child_step(&sibling);
	usage = container_usage(f.sibling);

	fill_under_limit(f.parent, f.left);
	require(is_uninvolved(f.left),
		"the child's limit was not met, failcnt %ld, reclaimed %ld",
		container_get(f.left, "rss_failcnt"),
		container_get(f.left, "rss_reclaimed"));
	expect_untouched(f.sibling, usage);
	child_step(&sibling);
	child_finish(&sibling);
}

/* The parent has room: the right child's pages are not reclaimed. */
static void test_child_limit(void)
{
	struct filler filler = { .pages = N };
	struct family f = make_family();
	struct child right;
	long usage;

	swap_on(8 * LIMIT);
	container_set_pages(f.parent, "rss_limit", 2 * LIMIT);
	child_start(&right, f.right, child_filler, &filler);
	child_step(&right);
	usage = container_usage(f.right);

	fill_under_limit(f.left, f.left);
	require(is_uninvolved(f.parent),
		"the parent's limit was not met, failcnt %ld, reclaimed %ld",
		container_get(f.parent, "rss_failcnt"),
		container_get(f.parent, "rss_reclaimed"));
	expect_untouched(f.right, usage);
	child_step(&right);
	child_finish(&right);
}

/*
 * Without swap: the fault is on the left, the largest task below the parent on
 * the right, a larger one in the sibling.
 */
static void test_oom(void)
{
	struct filler small = { .pages = LIMIT / 2 };
	struct filler large = { .pages = LIMIT * 3 / 4 };
	struct filler larger = { .pages = 2 * LIMIT };
	struct child left, right, sibling;
	struct family f = make_family();

	swap_none();
	container_set_pages(f.parent, "rss_limit", LIMIT);
	child_start(&sibling, f.sibling, child_filler, &larger);
	child_start(&right, f.right, child_filler, &large);
	child_start(&left, f.left, child_filler, &small);
	child_step(&sibling);
	child_step(&right);
	child_go(&left);
	require(child_wait(&left) == CHILD_SYNCED, "the small one was killed");
	child_expect_killed(&right);
	child_step(&left);
	child_finish(&left);
	child_step(&sibling);
	child_finish(&sibling);
}

static void map_file(struct child *self, void *arg)
{
	char *mem = mem_file(*(int *)arg, N, MAP_SHARED);

	child_sync(self);
	mem_read(mem, N);
	child_sync(self);
	mem_unmap(mem, N);
	child_sync(self);
}

static void remove_and_wait(const char *container)
{
	container_remove(container);
	require(wait_for(!container_dead()), "a dead container stays behind");
}

/*
 * A task in @owner was the first to map a file and has exited, but a task in
 * @mapper (outside any container if NULL) still maps the pages: they pass to
 * @heir, or have no owner.
 */
static void remove_owner(const char *owner, const char *heir, const char *mapper)
{
	struct child first, second;
	long usage = 0;
	int fd;

	fs_mount("ramfs", NULL);
	fd = fs_file("file", N, 0);
	child_start(&first, owner, map_file, &fd);
	child_start(&second, mapper, map_file, &fd);
	child_step(&first);
	child_step(&second);
	child_step(&first);
	child_finish(&first);
	require(container_usage(owner) == N, "usage %ld instead of %d",
		container_usage(owner), N);

	if (heir)
		usage = container_usage(heir);
	remove_and_wait(owner);
	if (heir)
		require(container_usage(heir) == usage,
			"usage of the parent went from %ld to %ld", usage,
			container_usage(heir));

	child_step(&second);
	if (heir)
		require(container_usage(heir) == usage - N,
			"usage %ld of the parent instead of %ld",
			container_usage(heir), usage - N);
	child_finish(&second);
}

static void test_rmdir(void)
{
	struct family f = make_family();

	remove_owner(f.left, f.parent, NULL);
	require(!container_usage(f.parent), "usage %ld stays",
		container_usage(f.parent));
}

static void test_rmdir_mapped_by_parent(void)
{
	struct family f;

	container_need_v1();
	f = make_family();
	remove_owner(f.left, f.parent, f.parent);
}

static void test_rmdir_to_nobody(void)
{
	struct family f = make_family();

	remove_owner(f.sibling, NULL, NULL);
}

/* Pages of the dead container are reclaimed on behalf of the parent. */
static void test_rmdir_then_limit(void)
{
	struct family f = make_family();
	struct child child;
	int fd;

	fs_mount("tmpfs", NULL);
	fd = fs_file("file", N, 0);
	child_start(&child, f.left, map_file, &fd);
	child_step(&child);
	container_move(f.right, child.pid);
	remove_and_wait(f.left);
	container_set_pages(f.parent, "rss_limit",
			    container_usage(f.parent) - N / 2);
	require(container_get(f.parent, "rss_reclaimed") >= N / 2,
		"reclaimed only %ld", container_get(f.parent, "rss_reclaimed"));
	child_step(&child);
	child_finish(&child);
}

static const struct rss_case cases[] = {
	T(test_sum),
	T(test_parent_limit),
	T(test_child_limit),
	T(test_oom),
	T(test_rmdir),
	T(test_rmdir_mapped_by_parent),
	T(test_rmdir_to_nobody),
	T(test_rmdir_then_limit),
};

static const struct rss_suite nest = {
	.cases = cases, .nr = ARRAY_SIZE(cases)
};

int main(void)
{
	static const struct rss_suite * const suites[] = {
		&nest, &nest_fair,
	};

	return run_suites(suites, ARRAY_SIZE(suites));
}
