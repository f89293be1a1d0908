// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "maps.h"

int maps_walk(pid_t pid, int (*fn)(const struct map *map, void *arg), void *arg)
{
	char path[32], *line = NULL;
	struct map map;
	size_t size = 0;
	FILE *maps;
	int ret = 0;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	if (!maps)
		return -errno;
	while (!ret && getline(&line, &size, maps) > 0)
		if (sscanf(line, "%lx-%lx %4s", &map.start, &map.end,
			   map.prot) == 3)
			ret = fn(&map, arg);
	free(line);
	fclose(maps);
	return ret;
}
