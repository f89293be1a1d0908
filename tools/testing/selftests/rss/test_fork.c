// SPDX-License-Identifier: GPL-2.0
/*
 * fork() and what it shares: reuse and copies by the parent, pinned pages,
 * which fork() itself copies, and the arguments of exec(). test_owner covers
 * the copies of a child in another container.
 *
 * The oracle knows what a process touches by itself after a fork(), such as
 * its stack. A forked child writes one page of the region first: from then on,
 * whatever it and its parent touch by themselves is their own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "container.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "uring.h"

#define N	64

static void child_write_first(struct child *self, struct actor *a)
{
	child_sync(self);
	op_write_first(a);
	child_sync(self);
}

static void write_and_unmap(struct child *self, void *arg)
{
	child_write_first(self, arg);
	op_unmap(arg);
	child_sync(self);
}

static void fork_to_unmap(struct actor *a)
{
	child_fork(&a->forked, write_and_unmap, a);
}

/* No process shares the pages any more when the parent writes. */
static void test_reuse(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "fork", fork_to_unmap, .oracle_only = true },
		{ "the child copies a page", op_step_forked,
		  .oracle_only = true },
		{ "the child unmaps", op_step_forked, .anon = -1 },
		{ "the parent writes", op_write },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ "the parent writes again", op_write },
		{ "the parent unmaps", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

/* The pages that the parent copies are then mapped only by the child. */
static void test_copy(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "fork", fork_to_unmap, .oracle_only = true },
		{ "the child copies a page", op_step_forked,
		  .oracle_only = true },
		{ "the parent copies the others", op_write, .anon = N - 1 },
		{ "the child unmaps all", op_step_forked, .anon = -N },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ "the parent unmaps", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

static void move_and_unmap(struct child *self, void *arg)
{
	struct actor *a = arg;

	child_write_first(self, a);
	/* It already is there: copies what moving itself writes to. */
	container_move(a->containers[0], 0);
	child_sync(self);
	container_move(a->containers[1], 0);
	child_sync(self);
	op_unmap(a);
	child_sync(self);
}

static void fork_to_move(struct actor *a)
{
	child_fork(&a->forked, move_and_unmap, a);
}

/* The container of the first toucher is charged for both. */
static void test_copy_from_other(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "fork", fork_to_move, .oracle_only = true },
		{ "the child copies a page", op_step_forked,
		  .oracle_only = true },
		{ "the child prepares to move", op_step_forked,
		  .oracle_only = true },
		{ "the child moves", op_step_forked },
		{ "the parent copies the others", op_write, .anon = N - 1 },
		{ "the child unmaps all", op_step_forked, .anon = -N },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ "the parent unmaps", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 2, steps);
}

static void pin(struct actor *a)
{
	struct io_uring_params params;

	a->fd = uring_new(1, &params);
	uring_pin(a->fd, a->mem, N);
}

static void unpin(struct actor *a)
{
	uring_unpin(a->fd);
}

/* fork() cannot share pages that are written to by physical address. */
static void test_pinned(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "write", op_write, .anon = N },
		{ "pin", pin },
		{ "fork, which copies all", fork_to_unmap,
		  .oracle_only = true },
		{ "the child writes its copy", op_step_forked,
		  .oracle_only = true },
		{ "the parent writes", op_write },
		{ "the child unmaps the copies", op_step_forked, .anon = -N },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ "unpin", unpin },
		{ "the parent unmaps", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 1, steps);
}

/*
 * Arguments are mapped into the new mm before the kernel finds that it cannot
 * run the file.
 */
static void fail_to_exec(struct actor *a)
{
	static char text[N * 1024];
	char path[32];

	memset(text, 'x', sizeof(text) - 1);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", a->fd);
	require(execl(path, "nothing", text, NULL) && errno == ENOEXEC,
		"execl of no program: %s", strerror(errno));
}

static void test_failed_exec(void)
{
	static const struct step steps[] = {
		{ "exec() of no program", fail_to_exec },
		{ "once more", fail_to_exec },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };
	char path[32];
	int file;

	fs_mount("tmpfs", NULL);
	file = fs_file("file", 1, 0);
	require(!fchmod(file, 0700), "fchmod: %s", strerror(errno));
	/* A file open for writing would fail too early. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	actor->fd = open(path, O_RDONLY | O_CLOEXEC);
	require(actor->fd >= 0, "open: %s", strerror(errno));
	close(file);
	take_steps(actor, 1, 1, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_reuse),
		T(test_copy),
		T(test_copy_from_other),
		T(test_pinned),
		T(test_failed_exec),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
