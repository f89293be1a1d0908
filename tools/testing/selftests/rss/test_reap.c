// SPDX-License-Identifier: GPL-2.0
/*
 * Private memory of a killed process is taken from it before it exits: by
 * process_mrelease() or by the OOM reaper. Tracing stops the process just
 * before it exits, so that only these can have unmapped anything.
 *
 * Its own memory: PRIVATE pages of anonymous memory, what it needs to run, and
 * SHARED pages of shmem, which are not reaped. They are locked, or reclaim
 * would unmap them before a task is killed for the limit.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "container.h"
#include "limit.h"
#include "mem.h"
#include "runner.h"
#include "swap.h"

#define SHARED		32
#define PRIVATE		64

/* Above what it needs to run, and far below what it fills. */
#define LIMIT		2048
#define TOO_MUCH	(4 * LIMIT)

static void fill(struct child *self, void *arg)
{
	const size_t *pages = arg;
	char *shared = mem_shared(SHARED);
	char *mem = mem_anon(*pages);

	mem_fill(shared, SHARED, 0);
	require(!mlock(shared, SHARED * page_size()), "mlock: %s",
		strerror(errno));
	child_sync(self);
	mem_fill(mem, *pages, 0);
	child_sync(self);
}

static void trace(const struct child *child)
{
	require(!ptrace(PTRACE_SEIZE, child->pid, 0, PTRACE_O_TRACEEXIT),
		"PTRACE_SEIZE: %s", strerror(errno));
}

static bool exits(const struct child *child)
{
	int status;

	if (waitpid(child->pid, &status, WNOHANG) != child->pid)
		return false;
	require(WIFSTOPPED(status) &&
		status >> 8 == (SIGTRAP | PTRACE_EVENT_EXIT << 8),
		"status %#x instead of a stop at exit", status);
	return true;
}

static void let_exit(struct child *child, const char *container)
{
	require(!ptrace(PTRACE_DETACH, child->pid, 0, 0), "PTRACE_DETACH: %s",
		strerror(errno));
	child_expect_killed(child);
	require(!container_usage(container), "usage %ld with no process left",
		container_usage(container));
}

static void test_process_mrelease(void)
{
	size_t pages = PRIVATE;
	struct child child;
	long usage;
	char *c;
	int fd;

	c = container_new(NULL, "killed");
	child_start(&child, c, fill, &pages);
	child_step(&child);
	trace(&child);
	usage = container_usage(c);
	require(usage > SHARED + PRIVATE, "usage %ld", usage);

	fd = syscall(SYS_pidfd_open, child.pid, 0);
	require(fd >= 0, "pidfd_open: %s", strerror(errno));
	require(!kill(child.pid, SIGKILL) && wait_for(exits(&child)),
		"child %d does not exit", child.pid);
	require(container_usage(c) == usage,
		"usage went from %ld to %ld by a signal", usage,
		container_usage(c));
	require(!syscall(SYS_process_mrelease, fd, 0), "process_mrelease: %s",
		strerror(errno));
	require(container_usage(c) == SHARED, "usage %ld instead of %d",
		container_usage(c), SHARED);
	close(fd);
	let_exit(&child, c);
}

static void test_oom_reaper(void)
{
	size_t pages = TOO_MUCH;
	struct child child;
	char *c;

	swap_none();
	c = limited_container("killed", LIMIT);
	child_start(&child, c, fill, &pages);
	trace(&child);
	child_go(&child);
	require(wait_for(exits(&child)), "child %d is not killed", child.pid);
	require(wait_for(container_usage(c) == SHARED),
		"usage %ld instead of %d", container_usage(c), SHARED);
	let_exit(&child, c);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_process_mrelease),
		T(test_oom_reaper),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
