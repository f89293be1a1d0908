// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "hierarchy.h"
#include "keys.h"
#include "mem.h"
#include "memcg.h"
#include "runner.h"
#include "unified.h"

void memcg_need(void)
{
	if (!unified_root()[0] || !unified_has(unified_root(), "memory") ||
	    unified_enable(unified_root(), "memory"))
		skip_case("no memory controller in the default hierarchy");
}

char *memcg_of(const char *container)
{
	char *memcg;

	if (hierarchy_is_v2())
		return strdup(container);
	memcg = cg_name(unified_root(), container_path(container) + 1);
	require(!cg_create(memcg), "mkdir %s: %s", memcg, strerror(errno));
	return memcg;
}

void memcg_move(const char *memcg, pid_t pid)
{
	int err = cg_enter(memcg, pid);

	require(!err, "moving %d to %s: %s", pid, memcg, strerror(-err));
}

static int set_pages(const char *memcg, const char *file, long pages)
{
	char text[32];

	snprintf(text, sizeof(text), "%ld", pages * (long)page_size());
	return cg_write(memcg, file, text);
}

static long read_line(const char *memcg, const char *file, const char *key)
{
	char *path = cg_control(memcg, file);
	long value = read_key(path, key);

	require(value >= 0, "no %s in %s", key, path);
	free(path);
	return value;
}

long memcg_usage(const char *memcg)
{
	long bytes = cg_read_long(memcg, "memory.current");

	require(bytes >= 0, "no memory.current");
	return bytes / page_size();
}

long memcg_stat_pages(const char *memcg, const char *key)
{
	return read_line(memcg, "memory.stat", key) / page_size();
}

long memcg_event(const char *memcg, const char *key)
{
	return read_line(memcg, "memory.events", key);
}

void memcg_set_max(const char *memcg, long pages)
{
	int err = set_pages(memcg, "memory.max", pages);

	require(!err, "memory.max: %s", strerror(-err));
}

void memcg_set_swap_max(const char *memcg, long pages)
{
	int err = set_pages(memcg, "memory.swap.max", pages);

	require(!err, "memory.swap.max: %s", strerror(-err));
}

int memcg_reclaim(const char *memcg, long pages)
{
	return set_pages(memcg, "memory.reclaim", pages);
}
