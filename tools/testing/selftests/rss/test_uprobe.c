// SPDX-License-Identifier: GPL-2.0
/*
 * A uprobe: the kernel copies the page where it puts the breakpoint, in the mm
 * of a process of the first container, on behalf of one in the second.  When
 * the probe goes, so does the copy; the kernel then looks whether the
 * breakpoint still is there, and maps the file for that.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../cgroup/cgroup_util.h"
#include "fs.h"
#include "mem.h"
#include "ops.h"
#include "runner.h"
#include "steps.h"

#define N		16
#define PMU_TYPE	"/sys/bus/event_source/devices/uprobe/type"

/* A function whose first instruction the kernel does not emulate. */
static const unsigned char code[] = {
#ifdef __x86_64__
	0x89, 0xc0,	/* mov %eax, %eax */
	0xc3,		/* ret */
#endif
};

/* Where the one in the first container is; the case maps it for both. */
static pid_t *target;
static unsigned int pmu_type;
static char path[32];

static void map_code(struct actor *a)
{
	a->mem = mmap(NULL, N * page_size(), PROT_READ | PROT_EXEC,
		      MAP_PRIVATE, a->fd, 0);
	require(a->mem != MAP_FAILED, "mmap: %s", strerror(errno));
	*target = getpid();
}

static void set_probe(struct actor *a)
{
	struct perf_event_attr attr = {
		.type = pmu_type,
		.size = sizeof(attr),
		.uprobe_path = (uintptr_t)path,
		.probe_offset = 0,
	};

	a->fd = syscall(SYS_perf_event_open, &attr, *target, -1, -1,
			PERF_FLAG_FD_CLOEXEC);
	require(a->fd >= 0, "setting the probe: %s", strerror(errno));
}

static void remove_probe(struct actor *a)
{
	__u64 hits = 0;

	require(read(a->fd, &hits, sizeof(hits)) == sizeof(hits) && hits == 1,
		"the probe was hit %llu times", (unsigned long long)hits);
	close(a->fd);
}

/* Executes the instruction at another place, on a page of the kernel's. */
static void run_code(struct actor *a)
{
	void (*fn)(void) = (void (*)(void))a->mem;

	fn();
}

static void test_probe(void)
{
	static const struct step steps[] = {
		{ "the first maps the code", map_code },
		{ "and reads", op_read, .file = N },
		{ "the second sets the probe", set_probe, 1, 0,
		  .anon = 1, .file = -1 },
		{ "the first runs the code", run_code },
		{ "the second removes the probe", remove_probe, 1, 0,
		  .anon = -1, .file = 1 },
		{ "the first runs the code again", run_code },
		{ "and unmaps", op_unmap, .file = -N },
		{ }
	};
	struct actor actors[2] = {
		{ .home = 0, .pages = N },
		{ .home = 1 },
	};
	char type[16];

	if (!sizeof(code))
		skip_case("no code for this machine");
	if (read_text(PMU_TYPE, type, sizeof(type)) < 0)
		skip_case("no uprobes");
	pmu_type = strtoul(type, NULL, 10);
	target = (pid_t *)mem_shared(1);
	*target = 0;

	fs_mount("ramfs", NULL);
	actors[0].fd = fs_file("code", N, 0);
	require(pwrite(actors[0].fd, code, sizeof(code), 0) == sizeof(code),
		"writing the code: %s", strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", actors[0].fd);
	actors[1].fd = -1;
	take_steps(actors, 2, 2, steps);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_probe),
	};

	return run_cases(cases, ARRAY_SIZE(cases));
}
