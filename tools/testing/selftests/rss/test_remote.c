// SPDX-License-Identifier: GPL-2.0
/*
 * A process of the second container accesses the memory of one in the first:
 * pages that this maps are charged to the container of the mm, the first.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cpu.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"
#include "swap.h"

#define N	64

/* The location of the process in the first container; mapped for both. */
static struct target {
	pid_t pid;
	char *mem;
} *target;

/* The contents of a region, with the seed that op_verify() expects. */
static char *pattern;

static void tell(struct actor *a)
{
	target->pid = getpid();
	target->mem = a->mem;
}

static void map_anon(struct actor *a)
{
	op_map_anon(a);
	tell(a);
}

static void read_fresh(struct actor *a)
{
	struct iovec here = { pattern, N * page_size() };
	struct iovec there = { target->mem, N * page_size() };

	(void)a;
	require(process_vm_readv(target->pid, &here, 1, &there, 1, 0) ==
		(ssize_t)(N * page_size()), "process_vm_readv: %s",
		strerror(errno));
	mem_fill(pattern, N, 0);
}

static void write_by_vm(struct actor *a)
{
	struct iovec here = { pattern, N * page_size() };
	struct iovec there = { target->mem, N * page_size() };

	(void)a;
	require(process_vm_writev(target->pid, &here, 1, &there, 1, 0) ==
		(ssize_t)(N * page_size()), "process_vm_writev: %s",
		strerror(errno));
}

static void write_by_proc(struct actor *a)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/mem", target->pid);
	a->fd = open(path, O_RDWR | O_CLOEXEC);
	require(a->fd >= 0, "%s: %s", path, strerror(errno));
	require(pwrite(a->fd, pattern, N * page_size(),
		       (uintptr_t)target->mem) == (ssize_t)(N * page_size()),
		"writing %s: %s", path, strerror(errno));
	close(a->fd);
}

static void write_by_ptrace(struct actor *a)
{
	int status;
	long i;

	(void)a;
	require(!ptrace(PTRACE_SEIZE, target->pid, 0, 0) &&
		!ptrace(PTRACE_INTERRUPT, target->pid, 0, 0) &&
		waitpid(target->pid, &status, 0) == target->pid &&
		WIFSTOPPED(status), "stopping the other: %s", strerror(errno));
	for (i = 0; i < N; i++)
		require(!ptrace(PTRACE_POKEDATA, target->pid,
				target->mem + i * page_size(), i),
			"PTRACE_POKEDATA: %s", strerror(errno));
	require(!ptrace(PTRACE_DETACH, target->pid, 0, 0), "detaching: %s",
		strerror(errno));
}

/* Touched here, so that no container owns it. */
static void share(void)
{
	target = (struct target *)mem_shared(1);
	memset(target, 0, sizeof(*target));
	pattern = mem_shared(N);
	mem_fill(pattern, N, 0);
}

static void take_two(const struct step *steps, int fd)
{
	struct actor actors[2] = {
		{ .home = 0, .pages = N, .fd = fd },
		{ .home = 1, .pages = N },
	};

	share();
	take_steps(actors, 2, 2, steps);
}

static void test_process_vm(void)
{
	static const struct step steps[] = {
		{ "the first maps", map_anon },
		{ "the second reads the zero page", read_fresh, 1, 0 },
		{ "the second writes", write_by_vm, 1, 0, .anon = N },
		{ "the first verifies", op_verify },
		{ "the second writes again", write_by_vm, 1, 0 },
		{ "the first unmaps", op_unmap, .anon = -N },
		{ }
	};

	take_two(steps, -1);
}

static void test_proc_mem(void)
{
	static const struct step steps[] = {
		{ "the first maps", map_anon },
		{ "the second writes", write_by_proc, 1, 0, .anon = N },
		{ "the first verifies", op_verify },
		{ "the first unmaps", op_unmap, .anon = -N },
		{ }
	};

	take_two(steps, -1);
}

static void test_ptrace(void)
{
	static const struct step steps[] = {
		{ "the first maps", map_anon },
		{ "the second writes", write_by_ptrace, 1, 0, .anon = N },
		{ "the first verifies", op_verify },
		{ "the first unmaps", op_unmap, .anon = -N },
		{ }
	};

	take_two(steps, -1);
}

static void map_read_only(struct actor *a)
{
	a->mem = mmap(NULL, N * page_size(), PROT_READ, MAP_PRIVATE, a->fd, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
	tell(a);
}

/* As a debugger sets breakpoints: where the process itself can't write. */
static void test_read_only(void)
{
	static const struct step steps[] = {
		{ "the first maps a file", map_read_only },
		{ "the first reads", op_read, .file = N },
		{ "the second writes", write_by_ptrace, 1, 0,
		  .anon = N, .file = -N },
		{ "the first verifies", op_verify },
		{ "the first unmaps", op_unmap, .anon = -N },
		{ }
	};

	fs_mount("ramfs", NULL);
	take_two(steps, fs_file("file", N, N));
}

static void page_out_there(struct actor *a)
{
	struct iovec there = { target->mem, N * page_size() };
	int fd = syscall(SYS_pidfd_open, target->pid, 0);

	(void)a;
	require(fd >= 0, "pidfd_open: %s", strerror(errno));
	require(syscall(SYS_process_madvise, fd, &there, 1, MADV_PAGEOUT, 0) ==
		(ssize_t)(N * page_size()), "process_madvise: %s",
		strerror(errno));
	close(fd);
}

static void test_page_out(void)
{
	static const struct step steps[] = {
		{ "the first maps", map_anon },
		{ "the first writes", op_write, .anon = N },
		{ "the second pages it out", page_out_there, 1, 0, .anon = -N },
		{ "the second writes again", write_by_vm, 1, 0, .anon = N },
		{ "the first verifies", op_verify },
		{ "the first unmaps", op_unmap, .anon = -N },
		{ }
	};

	swap_on(4 * N);
	cpu_stay();
	take_two(steps, -1);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_process_vm),
		T(test_proc_mem),
		T(test_ptrace),
		T(test_read_only),
		T(test_page_out),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
