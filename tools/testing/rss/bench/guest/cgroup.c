// SPDX-License-Identifier: GPL-2.0-only
/* Rows: cgroups are created and removed below the working directory. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

#define CGROUPS		64

/* The first ones pay for what all share. */
#define FIRST_CGROUPS	128
#define MANY_CGROUPS	(FIRST_CGROUPS + 6 * CGROUPS)

static void name_of(unsigned int i, char name[16])
{
	snprintf(name, 16, "bench%u", i);
}

static void make(unsigned int i, unsigned int end)
{
	char name[16];

	for (; i < end; i++) {
		name_of(i, name);
		if (mkdir(name, 0755))
			die(name);
	}
}

static void remove_all(unsigned int end)
{
	unsigned int i;
	char name[16];

	for (i = 0; i < end; i++) {
		name_of(i, name);
		if (rmdir(name))
			die(name);
	}
}

static unsigned long run_make(void)
{
	unsigned long start = now();

	make(0, CGROUPS);
	remove_all(CGROUPS);
	start = now() - start;
	/* Others free them: wait, so that it is not during the next run. */
	usleep(500 * 1000);
	return start;
}

/* MemFree does not include pages that CPUs keep, whose number varies. */
static unsigned long free_bytes(void)
{
	/* Fold the CPUs' own counts as well. */
	write_setting("/proc/sys/vm/stat_refresh", "1");
	return (read_key("/proc/meminfo", "MemFree") << 10) +
	       sum_lines("/proc/zoneinfo", " count: %lu") * page_size;
}

static unsigned long bytes_to_make(unsigned int i, unsigned int end)
{
	unsigned long before, after;

	before = free_bytes();
	make(i, end);
	after = free_bytes();
	return before > after ? before - after : 0;
}

/* In KiB, not instructions. */
static unsigned long run_first(void)
{
	unsigned long bytes;

	/* Reading allocates as well: not during the measurement. */
	free_bytes();
	bytes = bytes_to_make(0, 1);
	remove_all(1);
	return bytes >> 10;
}

/* In bytes for CGROUPS, not instructions. */
static unsigned long run_size(void)
{
	unsigned long bytes;

	make(0, FIRST_CGROUPS);
	bytes = bytes_to_make(FIRST_CGROUPS, MANY_CGROUPS);
	remove_all(MANY_CGROUPS);
	sleep(1);
	return bytes / ((MANY_CGROUPS - FIRST_CGROUPS) / CGROUPS);
}

const struct row first_rows[] = {
	{ .name = "memory used by the first container", .unit = "KiB",
	  .units = 1, .repeat = 1, .run = run_first },
	{ }
};

const struct row cgroup_rows[] = {
	{ .name = "bytes of memory", .unit = "cgroup", .units = CGROUPS,
	  .repeat = 1, .run = run_size },
	{ .name = "mkdir and rmdir", .unit = "cgroup", .units = CGROUPS,
	  .run = run_make },
	{ }
};
