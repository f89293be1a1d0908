// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "status.h"
#include "subsystem.h"

struct subsystem subsystem_read(void)
{
	struct subsystem rss = { };
	char line[256], name[64];
	bool found = false;
	FILE *cgroups;
	int enabled;

	cgroups = fopen("/proc/cgroups", "re");
	if (!cgroups)
		fail(STATUS_UNSUPPORTED, "this kernel has no cgroups");
	while (!found && fgets(line, sizeof(line), cgroups))
		found = sscanf(line, "%63s %d %d %d", name, &rss.hierarchy,
			       &rss.containers, &enabled) == 4 &&
			!strcmp(name, "rss");
	fclose(cgroups);
	if (!found)
		fail(STATUS_UNSUPPORTED, "this kernel has no rss controller");
	if (!enabled)
		fail(STATUS_UNSUPPORTED,
		     "the rss controller is disabled (cgroup_disable=rss)");
	if (rss.containers)
		rss.containers--;
	return rss;
}
