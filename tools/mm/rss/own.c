// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "container.h"
#include "message.h"
#include "own.h"

/* A line of /proc/PID/cgroup: "4:rss,freezer:/PATH", in v2 "0::/PATH". */
static const char *path_of(char *line, int version)
{
	char *controllers, *path, *name;

	line[strcspn(line, "\n")] = 0;
	controllers = strchr(line, ':');
	path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return NULL;
	*path++ = 0;
	if (version == 2)
		return strcmp(line, "0:") ? NULL : path;
	controllers++;
	while ((name = strsep(&controllers, ",")))
		if (!strcmp(name, "rss"))
			return path;
	return NULL;
}

/* What is above the root of a cgroup namespace begins with "/..". */
static char *name_in(const struct hierarchy *h, const char *path)
{
	char *name = path ? container_name(path) : NULL;
	struct container c;

	if (name && container_try_open(&c, h, name)) {
		free(name);
		return NULL;
	}
	if (name)
		container_close(&c);
	return name;
}

char *process_name(const struct hierarchy *h, const char *pid)
{
	char *line = NULL, *name, *file = format("/proc/%s/cgroup", pid);
	const char *path = NULL;
	size_t size = 0;
	FILE *cgroups;

	cgroups = fopen(file, "re");
	free(file);
	if (!cgroups)
		return NULL;
	while (!path && getline(&line, &size, cgroups) > 0)
		path = path_of(line, h->version);
	name = name_in(h, path);
	fclose(cgroups);
	free(line);
	return name;
}

char *own_name(const struct hierarchy *h)
{
	return process_name(h, "self");
}
