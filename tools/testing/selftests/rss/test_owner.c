// SPDX-License-Identifier: GPL-2.0
/*
 * The owner of a page is the container of the mm that mapped it first, until
 * the last mapping anywhere is gone.
 *
 * Two containers, "first" (0) and "second" (1); regions of N pages. If pages
 * that a process touches by itself (its stack after a fork()) add to the
 * change, the oracle tells their number.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "keys.h"
#include "mem.h"
#include "ops.h"
#include "oracle.h"
#include "runner.h"
#include "steps.h"
#include "suites.h"

#define N	64
#define HALF	(N / 2)

static void map_and_read(struct actor *a)
{
	a->mem = mem_file(a->fd, N, MAP_SHARED);
	mem_read(a->mem, N);
}

static void map_and_write(struct actor *a)
{
	a->mem = mem_anon(N);
	mem_fill(a->mem, N, 0);
}

static void map_more_and_write(struct actor *a)
{
	a->more = mem_anon(N);
	mem_fill(a->more, N, 0);
}

static void unmap_more(struct actor *a)
{
	mem_unmap(a->more, N);
}

static void move_to_second(struct actor *a)
{
	container_move(a->containers[1], 0);
}

static void test_shared(void)
{
	static const struct step steps[] = {
		{ "the first maps", map_and_read, 0, 0, .file = N },
		{ "the second maps", map_and_read, 1, 1 },
		{ "the first unmaps", op_unmap, 0, 0 },
		{ "and maps again", map_and_read, 0, 0 },
		{ "the second unmaps", op_unmap, 1, 1 },
		{ "the first unmaps", op_unmap, 0, 0, .file = -N },
		{ "the second maps", map_and_read, 1, 1, .file = N },
		{ "the first maps", map_and_read, 0, 0 },
		{ "the second unmaps", op_unmap, 1, 1 },
		{ "the first unmaps", op_unmap, 0, 1, .file = -N },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N }, { .home = 1, .pages = N },
	};

	fs_mount("ramfs", NULL);
	actors[0].fd = fs_file("file", N, 0);
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 2, steps);
}

static void test_shared_in_one(void)
{
	static const struct step steps[] = {
		{ "one maps", map_and_read, 0, 0, .file = N },
		{ "the other maps", map_and_read, 1, 0 },
		{ "one unmaps", op_unmap, 0, 0 },
		{ "the other unmaps", op_unmap, 1, 0, .file = -N },
		{ }
	};
	struct actor actors[2] = { { .pages = N }, { .pages = N } };

	fs_mount("ramfs", NULL);
	actors[0].fd = fs_file("file", N, 0);
	actors[1].fd = actors[0].fd;
	take_steps(actors, 2, 1, steps);
}

/* A page that a process outside mapped first has no owner. */
static void test_outside(void)
{
	static const struct step steps[] = {
		{ "map what is mapped outside", map_and_read },
		{ "unmap", op_unmap },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };
	char *mem;

	fs_mount("ramfs", NULL);
	actor->fd = fs_file("file", N, 0);
	mem = mem_file(actor->fd, N, MAP_SHARED);
	mem_read(mem, N);
	take_steps(actor, 1, 1, steps);
}

static void test_move(void)
{
	static const struct step steps[] = {
		{ "write", map_and_write, .anon = N },
		{ "move", move_to_second },
		{ "write again", op_write },
		{ "write more", map_more_and_write, .at = 1, .anon = N },
		{ "unmap what was written before", op_unmap, .anon = -N },
		{ "unmap what was written since", unmap_more,
		  .at = 1, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 2, steps);
}

/*
 * A forked process, controlled by the actor that forked it. It copies one page
 * first, so that everything that it and its parent touch by themselves is
 * mapped, and the next steps are exact.
 */
static void forked(struct child *self, void *arg)
{
	struct actor *a = arg;

	child_sync(self);
	mem_fill(a->mem, 1, 0);
	/* It already is there: copies what moving itself writes to. */
	container_move(a->containers[0], 0);
	child_sync(self);
	container_move(a->containers[1], 0);
	child_sync(self);
	mem_fill(a->mem, HALF, 0);
	child_sync(self);
	mem_unmap(a->mem, 1);
	child_sync(self);
	mem_unmap(a->mem + page_size(), HALF - 1);
	child_sync(self);
	mem_unmap(a->mem + HALF * page_size(), HALF);
	child_sync(self);
}

static void fork_one(struct actor *a)
{
	child_fork(&a->forked, forked, a);
}

/* For the second half, the parent's mapping is removed before the child's. */
static void test_fork(void)
{
	static const struct step steps[] = {
		{ "write", map_and_write, .anon = N },
		{ "fork", fork_one, .oracle_only = true },
		{ "the child copies a page", op_step_forked, .oracle_only = true },
		{ "the child moves", op_step_forked },
		{ "the child copies a half", op_step_forked,
		  .at = 1, .anon = HALF - 1 },
		{ "the parent writes that half", op_write_first_half },
		{ "the parent unmaps all", op_unmap, .anon = -HALF },
		{ "the child unmaps the first copy", op_step_forked, .anon = -1 },
		{ "the child unmaps the others", op_step_forked,
		  .at = 1, .anon = 1 - HALF },
		{ "the child unmaps the parent's", op_step_forked, .anon = -HALF },
		{ "the child exits", op_finish_forked, .oracle_only = true },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 2, steps);
}

/* A process in the actor's mm moves to the second container and writes. */
static int write_in_second(void *arg)
{
	struct actor *a = arg;

	container_move(a->containers[1], 0);
	mem_fill(a->mem, N, 0);
	_exit(0);
}

static void write_by_vfork(struct actor *a)
{
	static max_align_t stack[4096];
	int status;
	pid_t pid;

	pid = clone(write_in_second, stack + ARRAY_SIZE(stack),
		    CLONE_VM | CLONE_VFORK | SIGCHLD, a);
	require(pid > 0 && waitpid(pid, &status, 0) == pid && !status,
		"the process in the same mm failed");
}

static void test_vfork(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "another process in the mm moves and writes", write_by_vfork,
		  .anon = N },
		{ "write more", map_more_and_write, .anon = N },
		{ "unmap", op_unmap, .anon = -N },
		{ "unmap more", unmap_more, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	take_steps(actor, 1, 2, steps);
}

/* The same for a thread: "tasks" moves it alone. */
static void *move_thread_and_write(void *arg)
{
	struct actor *a = arg;

	container_set(a->containers[1], "tasks", "0");
	mem_fill(a->mem, N, 0);
	return NULL;
}

static void write_by_thread(struct actor *a)
{
	pthread_t thread;

	require(!pthread_create(&thread, NULL, move_thread_and_write, a) &&
		!pthread_join(thread, NULL), "the thread failed");
}

static void test_thread(void)
{
	static const struct step steps[] = {
		{ "map", op_map_anon },
		{ "a thread moves and writes", write_by_thread,
		  .oracle_only = true },
		{ "unmap", op_unmap, .anon = -N },
		{ }
	};
	struct actor actor[1] = { { .pages = N } };

	container_need_v1();
	take_steps(actor, 1, 2, steps);
}

/*
 * A process whose leader has exited moves as a whole. The oracle cannot
 * inspect it by its PID, hence the fixed numbers.
 */
struct led {
	char *containers[2];
	struct child *self;
};

static void *orphan_thread(void *arg)
{
	struct led *led = arg;
	char *mem = mem_anon(2 * N);

	/* Grow the stack enough for the other call. */
	container_move(led->containers[0], 0);
	child_sync(led->self);
	mem_fill(mem, N, 0);
	child_sync(led->self);
	container_move(led->containers[1], 0);
	child_sync(led->self);
	mem_fill(mem + N * page_size(), N, 0);
	child_sync(led->self);
	_exit(0);
}

static void exit_leader(struct child *self, void *arg)
{
	struct led *led = arg;

	led->self = self;
	child_exit_leader(orphan_thread, led);
}

static void expect_usage(struct led *led, long first, long second)
{
	require(container_usage(led->containers[0]) == first &&
		container_usage(led->containers[1]) == second,
		"usage %ld and %ld instead of %ld and %ld",
		container_usage(led->containers[0]),
		container_usage(led->containers[1]), first, second);
}

static void test_dead_leader(void)
{
	struct led led = {
		{ container_new(NULL, "first"), container_new(NULL, "second") }
	};
	struct child child;
	long base;

	child_start(&child, led.containers[0], exit_leader, &led);
	/* The leader may still be exiting. */
	require(wait_for(proc_state(child.pid) == 'Z'), "the leader lives");
	base = container_usage(led.containers[0]);
	child_step(&child);
	expect_usage(&led, base + N, 0);
	child_step(&child);
	expect_usage(&led, base + N, 0);
	child_step(&child);
	expect_usage(&led, base + N, N);
	child_finish(&child);
	expect_usage(&led, 0, 0);
}

/*
 * A program from a new file: not only a region but the whole process is
 * compared, with its text, data, stack and arguments.
 */
#define ARG_BYTES	65536

static void exec_program(struct child *self, void *arg)
{
	static char text[ARG_BYTES];
	char *mem = mem_anon(N);

	/* Freed with the old mm. */
	mem_fill(mem, N, 0);
	memset(text, 'x', sizeof(text) - 1);
	require(dup2(self->fd, STDIN_FILENO) == STDIN_FILENO &&
		dup2(self->fd, STDOUT_FILENO) == STDOUT_FILENO &&
		!execl(arg, "idle", text, NULL), "execl: %s", strerror(errno));
}

static void compare(char **containers, const struct child *children, int nr)
{
	long usage = 0, file = 0;
	struct oracle oracle;
	pid_t pids[2];
	int i;

	for (i = 0; i < nr; i++) {
		pids[i] = children[i].pid;
		usage += container_usage(containers[i]);
		file += container_stat(containers[i], "file");
	}
	if (oracle_count(pids, nr, &oracle))
		skip_case("no /proc/kpagecount");
	require(!oracle.outside, "others map %ld of the pages", oracle.outside);
	require(usage == oracle.anon + oracle.file && file == oracle.file,
		"%d processes: usage %ld, of it file %ld, instead of %ld and %ld",
		nr, usage, file, oracle.anon + oracle.file, oracle.file);
	require(oracle.anon * page_size() > ARG_BYTES * (size_t)nr,
		"the arguments are not there");
}

/* The text belongs to the first container while the second maps it. */
static void test_exec(void)
{
	char *containers[2];
	struct child children[2];
	const char *program;
	int i;

	fs_mount("ramfs", NULL);
	program = fs_copy_program("rss_idle");
	for (i = 0; i < 2; i++) {
		containers[i] = container_new(NULL, i ? "second" : "first");
		child_start(&children[i], containers[i], exec_program,
			    (void *)program);
		compare(containers, children, i + 1);
	}

	child_finish(&children[0]);
	require(container_usage(containers[0]) > 0 &&
		container_usage(containers[0]) ==
		container_stat(containers[0], "file"),
		"usage %ld, of it file %ld, while only the text is mapped",
		container_usage(containers[0]),
		container_stat(containers[0], "file"));
	child_finish(&children[1]);
	for (i = 0; i < 2; i++) {
		require(!container_usage(containers[i]), "usage %ld stays",
			container_usage(containers[i]));
		container_remove(containers[i]);
	}
}

/* What a process executes belongs to the container it is in by then. */
struct mover {
	const char *to;
	const char *program;
};

static void move_and_exec(struct child *self, void *arg)
{
	const struct mover *mover = arg;

	container_move(mover->to, 0);
	exec_program(self, (void *)mover->program);
}

static void test_exec_after_move(void)
{
	char *containers[2] = {
		container_new(NULL, "first"), container_new(NULL, "second")
	};
	struct mover mover = { .to = containers[1] };
	struct child child;

	fs_mount("ramfs", NULL);
	mover.program = fs_copy_program("rss_idle");
	child_start(&child, containers[0], move_and_exec, &mover);
	require(!container_usage(containers[0]),
		"usage %ld of the old memory stays",
		container_usage(containers[0]));
	compare(&containers[1], &child, 1);
	child_finish(&child);
	require(!container_usage(containers[1]), "usage %ld stays",
		container_usage(containers[1]));
}

static const struct rss_case cases[] = {
	T(test_shared),
	T(test_shared_in_one),
	T(test_outside),
	T(test_move),
	T(test_fork),
	T(test_vfork),
	T(test_thread),
	T(test_dead_leader),
	T(test_exec),
	T(test_exec_after_move),
};

static const struct rss_suite owner = {
	.cases = cases, .nr = ARRAY_SIZE(cases)
};

int main(void)
{
	static const struct rss_suite * const suites[] = {
		&owner, &owner_exit, &ownerless,
	};

	return run_suites(suites, ARRAY_SIZE(suites));
}
