/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSS_MAPS_H
#define RSS_MAPS_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

/* A line of /proc/PID/maps. */
struct map {
	unsigned long start;
	unsigned long end;
	char prot[5];		/* such as "rw-p" */
};

/*
 * Calls @fn for each mapping of a process until it returns a value other than
 * 0. Returns that, 0, or -errno if the process is gone.
 */
int maps_walk(pid_t pid, int (*fn)(const struct map *map, void *arg), void *arg);

/* An entry of /proc/PID/pagemap (admin-guide/mm/pagemap.rst) */
static inline bool pagemap_present(__u64 entry)
{
	return entry >> 63;
}

static inline __u64 pagemap_pfn(__u64 entry)
{
	return entry & ((1ULL << 55) - 1);
}

#endif
