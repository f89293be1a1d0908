// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rows: cgroups are made and removed below the working directory.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define CGROUPS		64

static void name_of(unsigned int i, char name[16])
{
	snprintf(name, 16, "bench%u", i);
}

static void make_all(void)
{
	unsigned int i;
	char name[16];

	for (i = 0; i < CGROUPS; i++) {
		name_of(i, name);
		if (mkdir(name, 0755))
			die(name);
	}
}

static void remove_all(void)
{
	unsigned int i;
	char name[16];

	for (i = 0; i < CGROUPS; i++) {
		name_of(i, name);
		if (rmdir(name))
			die(name);
	}
}

static unsigned long run_make(void)
{
	unsigned long start = now();

	make_all();
	remove_all();
	start = now() - start;
	/* Freeing is left to others: not in the midst of the next run. */
	usleep(500 * 1000);
	return start;
}

/* Not instructions but bytes; what is freed late would be missed. */
static unsigned long run_size(void)
{
	unsigned long before, after;

	sleep(1);
	before = read_key("/proc/meminfo", "MemFree");
	make_all();
	after = read_key("/proc/meminfo", "MemFree");
	remove_all();
	return before > after ? (before - after) << 10 : 0;
}

const struct row cgroup_rows[] = {
	/* First: later there is memory that earlier cgroups left in slabs. */
	{ .name = "bytes of memory", .unit = "cgroup", .units = CGROUPS,
	  .repeat = 1, .run = run_size },
	{ .name = "mkdir and rmdir", .unit = "cgroup", .units = CGROUPS,
	  .run = run_make },
	{ }
};
