// SPDX-License-Identifier: GPL-2.0
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_util.h"
#include "block.h"
#include "mem.h"
#include "runner.h"
#include "tunable.h"

#define MEMORY		"/sys/devices/system/memory/"

static void block_state(char *path, size_t size, int block)
{
	snprintf(path, size, MEMORY "memory%d/state", block);
}

size_t block_pages(void)
{
	char text[32];

	if (read_text(MEMORY "block_size_bytes", text, sizeof(text)) < 0)
		skip_case("no memory hotplug");
	return strtoul(text, NULL, 16) / page_size();
}

int block_node(int block)
{
	char pattern[64];
	glob_t paths;
	int node;

	snprintf(pattern, sizeof(pattern), MEMORY "memory%d/node[0-9]*", block);
	require(!glob(pattern, 0, NULL, &paths), "no %s", pattern);
	node = atoi(strrchr(paths.gl_pathv[0], '/') + strlen("/node"));
	globfree(&paths);
	return node;
}

void block_order(int block, const char *order)
{
	char path[64];

	block_state(path, sizeof(path), block);
	tunable_order(path, order);
}

static int make_movable(int block)
{
	char path[64];

	block_state(path, sizeof(path), block);
	tunable_set(path, "offline");
	tunable_order(path, "online_movable");
	return block;
}

/* The kernel has something that it cannot move in most blocks. */
int block_make_movable(void)
{
	char path[64];
	glob_t paths;
	size_t i;
	int nr;

	block_pages();
	if (glob(MEMORY "memory*", 0, NULL, &paths))
		skip_case("no memory hotplug");
	for (i = 0; i < paths.gl_pathc; i++) {
		require(sscanf(paths.gl_pathv[i], MEMORY "memory%d", &nr) == 1,
			"%s is no block", paths.gl_pathv[i]);
		block_state(path, sizeof(path), nr);
		if (write_text(path, (char *)"offline", 7) < 0)
			continue;
		tunable_order(path, "online");
		return make_movable(nr);
	}
	skip_case("no block of memory can go offline");
}

void block_make_ordinary(int block)
{
	block_order(block, "offline");
	block_order(block, "online");
}
