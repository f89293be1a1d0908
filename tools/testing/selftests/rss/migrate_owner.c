// SPDX-License-Identifier: GPL-2.0
/*
 * Migration keeps the owner: a page stays charged to the same container,
 * whichever tasks map it and whichever mapping is restored first.
 *
 * Two containers, "first" (0) and "second" (1); regions of N pages. Mappings
 * are restored in the order in which they were made by mmap() or fork(), and
 * pages are charged in the order in which they were touched; so the two differ
 * in one case of each pair.
 */
#include <sys/mman.h>

#include "container.h"
#include "fs.h"
#include "mem.h"
#include "numa.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "suites.h"

#define N	64

static struct nodes nodes;

/* There and back, so it does not matter where the pages are. */
static void migrate(struct actor *a)
{
	numa_move(0, a->mem, N, nodes.id[1]);
	numa_move(0, a->mem, N, nodes.id[0]);
}

static void share_file(const struct step *steps, const char *fs)
{
	struct actor actors[2] = {
		{ .home = 0, .pages = N }, { .home = 1, .pages = N },
	};

	numa_nodes(&nodes);
	if (fs)
		fs_mount(fs, NULL);
	else
		fs_mount_disk(16 << 20);
	actors[0].fd = fs_file("file", N, 0);
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 2, steps);
}

static const struct step shmem_steps[] = {
	{ "the first maps", op_map_file, 0, 0 },
	{ "the second maps", op_map_file, 1, 1 },
	{ "the first touches", op_read, 0, 0, .file = N, .shmem = N },
	{ "the second touches", op_read, 1, 1 },
	{ "the first migrates", migrate, 0, 0 },
	{ "the second migrates", migrate, 1, 1 },
	{ "the first unmaps", op_unmap, 0, 0 },
	{ "the second migrates what the first owns", migrate, 1, 1 },
	{ "the second unmaps", op_unmap, 1, 0, .file = -N, .shmem = -N },
	{ }
};

/* The same with the mappings made in the other order. */
static const struct step shmem_reverse_steps[] = {
	{ "the second maps", op_map_file, 1, 1 },
	{ "the first maps", op_map_file, 0, 0 },
	{ "the first touches", op_read, 0, 0, .file = N, .shmem = N },
	{ "the second touches", op_read, 1, 1 },
	{ "the first migrates", migrate, 0, 0 },
	{ "the second migrates", migrate, 1, 1 },
	{ "the second unmaps", op_unmap, 1, 1 },
	{ "the first migrates", migrate, 0, 0 },
	{ "the first unmaps", op_unmap, 0, 0, .file = -N, .shmem = -N },
	{ }
};

static void test_shmem(void)
{
	share_file(shmem_steps, "tmpfs");
}

static void test_shmem_reverse(void)
{
	share_file(shmem_reverse_steps, "tmpfs");
}

static const struct step file_steps[] = {
	{ "the second maps", op_map_file, 1, 1 },
	{ "the first maps", op_map_file, 0, 0 },
	{ "the first touches", op_read, 0, 0, .file = N },
	{ "the second touches", op_read, 1, 1 },
	{ "the first migrates", migrate, 0, 0 },
	{ "the first unmaps", op_unmap, 0, 0 },
	{ "the second migrates what the first owns", migrate, 1, 1 },
	{ "the second unmaps", op_unmap, 1, 0, .file = -N },
	{ }
};

static void test_file(void)
{
	share_file(file_steps, NULL);
}

static void write_all(struct actor *a)
{
	a->mem = mem_anon(N);
	mem_fill(a->mem, N, 1);
}

static void move_to_first(struct actor *a)
{
	container_move(a->containers[0], 0);
}

static void move_to_second(struct actor *a)
{
	container_move(a->containers[1], 0);
}

/* No task of the owner maps the pages. */
static void test_moved(void)
{
	static const struct step steps[] = {
		{ "write", write_all, .anon = N },
		{ "move", move_to_second },
		{ "migrate", migrate },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	numa_nodes(&nodes);
	take_steps(actor, 1, 2, steps);
}

/*
 * Anonymous pages that a forked process in the second container shares. They
 * are read-only, so that it does not copy them when it settles.
 */
static void forked(struct child *self, void *arg)
{
	struct actor *a = arg;

	move_to_second(a);
	mem_settle();
	child_sync(self);
	migrate(a);
	child_sync(self);
	migrate(a);
	child_sync(self);
	op_unmap(a);
	child_sync(self);
}

static void protect_and_fork(struct actor *a)
{
	fork_protected(a, forked);
}

static void test_fork(void)
{
	static const struct step steps[] = {
		{ "write", write_all, .anon = N },
		{ "fork", protect_and_fork, .at = 1, .oracle_only = true },
		{ "the parent migrates", migrate },
		{ "the child migrates", op_step_forked },
		{ "the parent unmaps", op_unmap },
		{ "the child migrates the parent's", op_step_forked },
		{ "the child unmaps", op_step_forked, .anon = -N },
		{ "the child exits", op_finish_forked, .at = 1,
		  .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	numa_nodes(&nodes);
	take_steps(actor, 1, 2, steps);
}

/* The second owns the pages before there is a child in it. */
static void test_fork_reverse(void)
{
	static const struct step steps[] = {
		{ "move to the second", move_to_second },
		{ "write", write_all, .at = 1, .anon = N },
		{ "move back", move_to_first },
		{ "fork", protect_and_fork, .at = 1, .oracle_only = true },
		{ "the parent migrates", migrate },
		{ "the child migrates", op_step_forked },
		{ "the parent unmaps", op_unmap },
		{ "the child migrates", op_step_forked },
		{ "the child unmaps", op_step_forked, .at = 1, .anon = -N },
		{ "the child exits", op_finish_forked, .at = 1,
		  .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	numa_nodes(&nodes);
	take_steps(actor, 1, 2, steps);
}

/*
 * Pages first touched outside any container stay without an owner. The oracle
 * does not know about that; usage just must not change.
 */
static void write_outside(struct child *self, void *arg)
{
	struct actor a = { .pages = N };

	container_move(container_root(), 0);
	write_all(&a);
	container_move(arg, 0);
	child_sync(self);
	migrate(&a);
	child_sync(self);
	op_unmap(&a);
	child_sync(self);
}

static void expect_usage(const char *container, long usage)
{
	require(container_usage(container) == usage, "usage %ld, was %ld",
		container_usage(container), usage);
}

static void test_nobody(void)
{
	char *c = container_new(NULL, "inside");
	struct child child;
	long usage;

	numa_nodes(&nodes);
	child_start(&child, c, write_outside, c);
	usage = container_usage(c);
	child_step(&child);
	expect_usage(c, usage);
	child_step(&child);
	expect_usage(c, usage);
	child_finish(&child);
}

static void sharer(struct child *self, void *arg)
{
	struct actor a = { .fd = *(int *)arg, .pages = N };

	op_map_file(&a);
	child_sync(self);
	op_read(&a);
	child_sync(self);
	migrate(&a);
	child_sync(self);
	op_unmap(&a);
	child_sync(self);
}

/* The process outside maps before or after the other one, and may exit. */
static void share_with_outsider(bool first, bool stays)
{
	char *c = container_new(NULL, "inside");
	struct child outside, inside;
	long usage;
	int fd;

	numa_nodes(&nodes);
	fs_mount("tmpfs", NULL);
	fd = fs_file("file", N, 0);
	if (first)
		child_start(&outside, NULL, sharer, &fd);
	child_start(&inside, c, sharer, &fd);
	if (!first)
		child_start(&outside, NULL, sharer, &fd);
	usage = container_usage(c);

	child_step(&outside);
	child_step(&inside);
	expect_usage(c, usage);
	if (!stays) {
		child_step(&outside);
		child_step(&outside);
		child_finish(&outside);
	}
	child_step(&inside);
	expect_usage(c, usage);
	child_step(&inside);
	expect_usage(c, usage);
	child_finish(&inside);
}

static void test_nobody_first(void)
{
	share_with_outsider(true, true);
}

static void test_nobody_last(void)
{
	share_with_outsider(false, true);
}

static void test_nobody_gone(void)
{
	share_with_outsider(false, false);
}

static const struct rss_case cases[] = {
	T(test_shmem),
	T(test_shmem_reverse),
	T(test_file),
	T(test_moved),
	T(test_fork),
	T(test_fork_reverse),
	T(test_nobody),
	T(test_nobody_first),
	T(test_nobody_last),
	T(test_nobody_gone),
};

const struct rss_suite migrate_owner = {
	"owner", cases, ARRAY_SIZE(cases)
};
