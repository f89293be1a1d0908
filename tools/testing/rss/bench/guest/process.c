// SPDX-License-Identifier: GPL-2.0-only
/* Rows: processes start and exit, with all that they map. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define FORK_SIZE	(64UL << 20)
#define COPY_PAGES	256

static void *memory;
static unsigned long *copy_cost;	/* shared with the children */

static void *anonymous(size_t size, int flags)
{
	void *mem = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 flags | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (mem == MAP_FAILED)
		die("mmap");
	return mem;
}

static void setup_fork(void)
{
	memory = anonymous(FORK_SIZE, MAP_PRIVATE);
}

static void setup_copy(void)
{
	memory = anonymous(COPY_PAGES * page_size, MAP_PRIVATE);
	copy_cost = anonymous(page_size, MAP_SHARED);
}

void wait_for(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("child");
}

static unsigned long run_fork(void)
{
	unsigned long start = now();
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	wait_for(pid);
	return now() - start;
}

static unsigned long run_copy(void)
{
	unsigned long start;
	pid_t pid = fork();

	if (!pid) {
		start = now();
		touch_write(memory, COPY_PAGES * page_size);
		*copy_cost = now() - start;
		_exit(0);
	}
	wait_for(pid);
	return *copy_cost;
}

static unsigned long run_exec(void)
{
	static char * const argv[] = { EXIT_NAME, NULL };
	unsigned long start = now();
	pid_t pid = vfork();

	if (!pid) {
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	wait_for(pid);
	return now() - start;
}

const struct row process_rows[] = {
	{ .name = "copy on write", .unit = "page", .units = COPY_PAGES,
	  .setup = setup_copy, .run = run_copy },
	{ .name = "fork and exit, 64 MiB", .unit = "process", .units = 1,
	  .setup = setup_fork, .run = run_fork },
	{ .name = "exec of a static program", .unit = "process", .units = 1,
	  .run = run_exec },
	{ }
};
