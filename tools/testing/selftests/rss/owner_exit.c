// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a process that exits, and the container that its heirs charge.
 *
 * Two containers, regions of N pages. A page stays charged to its container
 * while any task maps it, in whatever container.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "child.h"
#include "container.h"
#include "fs.h"
#include "mem.h"
#include "runner.h"
#include "suites.h"

#define N	64

static char *containers[2];

static void make_containers(void)
{
	containers[0] = container_new(NULL, "first");
	containers[1] = container_new(NULL, "second");
}

static void expect(const char *when, long first, long second)
{
	long usage[2] = {
		container_usage(containers[0]), container_usage(containers[1])
	};

	require(usage[0] == first && usage[1] == second,
		"%s: usage %ld and %ld instead of %ld and %ld", when,
		usage[0], usage[1], first, second);
}

/* A child_fn for a file: maps it, unmaps it. */
static void sharer(struct child *self, void *arg)
{
	int *fd = arg;
	char *mem = mem_file(*fd, N, MAP_SHARED);

	child_sync(self);
	mem_read(mem, N);
	child_sync(self);
	mem_unmap(mem, N);
	child_sync(self);
}

static void start_sharers(struct child *children, int *fd)
{
	int i;

	make_containers();
	fs_mount("tmpfs", NULL);
	*fd = fs_file("file", N, 0);
	for (i = 0; i < 2; i++)
		child_start(&children[i], containers[i], sharer, fd);
	for (i = 0; i < 2; i++)
		child_step(&children[i]);
}

static void kill_child(struct child *child)
{
	kill(child->pid, SIGKILL);
	child_expect_killed(child);
}

static void test_shared_file(void)
{
	struct child children[2];
	long second;
	int fd;

	start_sharers(children, &fd);
	second = container_usage(containers[1]);
	kill_child(&children[0]);
	expect("the owner is gone", N, second);
	child_step(&children[1]);
	expect("the other unmaps", 0, second);
	child_finish(&children[1]);
	expect("all are gone", 0, 0);

	child_start(&children[1], containers[1], sharer, &fd);
	second = container_usage(containers[1]);
	child_step(&children[1]);
	expect("the other maps again", 0, second + N);
	child_step(&children[1]);
	child_finish(&children[1]);
}

/* Unmapped by an unrelated process outside. */
static void test_truncated(void)
{
	struct child children[2];
	long first, second;
	int fd;

	start_sharers(children, &fd);
	first = container_usage(containers[0]);
	second = container_usage(containers[1]);
	require(!ftruncate(fd, N / 2 * page_size()), "ftruncate: %s",
		strerror(errno));
	expect("one half is cut off", first - N / 2, second);
	kill_child(&children[0]);
	expect("the owner is gone", N / 2, second);
	require(!ftruncate(fd, 0), "ftruncate: %s", strerror(errno));
	expect("the other half is cut off", 0, second);
	kill_child(&children[1]);
}

/*
 * A process that leaves another one behind: the heir moves to the second
 * container and continues, controlled through a socket of its own.
 */
struct legacy {
	int clone_flags;
	int heir_fd;
	char *mem;
};

static int inherit(void *arg)
{
	struct legacy *legacy = arg;
	struct child self = { .fd = legacy->heir_fd };
	char *more;

	container_move(containers[1], 0);
	if (!(legacy->clone_flags & CLONE_VM))
		mem_settle();
	more = mem_anon(N);
	child_sync(&self);
	mem_fill(more, N, 0);
	child_sync(&self);
	mem_unmap(legacy->mem, N);
	child_sync(&self);
	_exit(0);
}

static void leave_heir(struct child *self, void *arg)
{
	static max_align_t stack[4096];
	struct legacy *legacy = arg;
	pid_t pid;

	legacy->mem = mem_anon(N);
	mem_fill(legacy->mem, N, 0);
	/* So that mem_settle() does not copy it. */
	require(!mprotect(legacy->mem, N * page_size(), PROT_READ),
		"mprotect: %s", strerror(errno));
	pid = clone(inherit, stack + ARRAY_SIZE(stack),
		    legacy->clone_flags | SIGCHLD, legacy);
	require(pid > 0, "clone: %s", strerror(errno));
	child_sync(self);
}

/* Returns when the heir is in "second" and the first process is gone. */
static void start_heir(struct child *heir, struct legacy *legacy)
{
	struct child child;
	int fds[2];

	make_containers();
	require(!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
		"socketpair: %s", strerror(errno));
	legacy->heir_fd = fds[1];
	child_start(&child, containers[0], leave_heir, legacy);
	/* Only the runner waits for the heir itself. */
	*heir = (struct child){ .pid = getpid(), .fd = fds[0] };
	child_wait(heir);
	child_finish(&child);
}

static void end_heir(struct child *heir)
{
	child_go(heir);
	require(wait_for(!container_usage(containers[0]) &&
			 !container_usage(containers[1])),
		"usage %ld and %ld stay", container_usage(containers[0]),
		container_usage(containers[1]));
}

static void test_fork(void)
{
	struct legacy legacy = { 0 };
	struct child heir;
	long second;

	start_heir(&heir, &legacy);
	second = container_usage(containers[1]);
	expect("the parent is gone", N, second);
	child_step(&heir);
	expect("the child writes", N, second + N);
	child_step(&heir);
	expect("the child unmaps the parent's", 0, second + N);
	end_heir(&heir);
}

/* The mm passes to the second container with the exit of the first task. */
static void test_clone_vm(void)
{
	struct legacy legacy = { CLONE_VM };
	struct child heir;
	long first;

	start_heir(&heir, &legacy);
	first = container_usage(containers[0]);
	expect("the first process is gone", first, 0);
	child_step(&heir);
	expect("the heir writes", first, N);
	child_step(&heir);
	expect("the heir unmaps what was written before", first - N, N);
	end_heir(&heir);
}

/*
 * clone3() accepts only a cgroup of the default hierarchy. What is created
 * there is in the container of the caller, and charges that.
 */
static void write_in_clone(struct child *self, void *arg)
{
	const char *cgroup = arg;
	int v1 = dirfd_open_opath(containers[1]);
	int v2 = dirfd_open_opath(cgroup);
	int status;
	char *mem;
	pid_t pid;

	pid = clone_into_cgroup(v1);
	if (!pid)
		_exit(0);
	require(pid < 0 && errno == EBADF,
		"cloning into a v1 container: %d, %s", pid, strerror(errno));
	pid = clone_into_cgroup(v2);
	if (!pid) {
		child_sync(self);
		mem_settle();
		mem = mem_anon(N);
		child_sync(self);
		mem_fill(mem, N, 0);
		child_sync(self);
		_exit(0);
	}
	require(pid > 0, "clone3: %s", strerror(errno));
	require(waitpid(pid, &status, 0) == pid && !status, "the clone failed");
	child_sync(self);
}

static void test_clone_into_cgroup(void)
{
	char *root = cg_name(fs_scratch(), "v2");
	char *cgroup = cg_name(root, "ksft_rss");
	struct child child;
	long first;

	container_need_v1();
	make_containers();
	require(!mkdir(root, 0700) || errno == EEXIST, "mkdir: %s",
		strerror(errno));
	if (mount("v2", root, "cgroup2", 0, NULL))
		skip_case("no default hierarchy: %s", strerror(errno));
	require(!cg_create(cgroup), "mkdir %s: %s", cgroup, strerror(errno));
	child_start(&child, containers[0], write_in_clone, cgroup);
	child_step(&child);
	first = container_usage(containers[0]);
	expect("cloned", first, 0);
	child_step(&child);
	expect("the clone writes", first + N, 0);
	child_step(&child);
	child_finish(&child);
	expect("all are gone", 0, 0);
	require(!cg_destroy(cgroup), "rmdir %s: %s", cgroup, strerror(errno));
}

static const struct rss_case cases[] = {
	T(test_shared_file),
	T(test_truncated),
	T(test_fork),
	T(test_clone_vm),
	T(test_clone_into_cgroup),
};

const struct rss_suite owner_exit = {
	"exit", cases, ARRAY_SIZE(cases)
};
