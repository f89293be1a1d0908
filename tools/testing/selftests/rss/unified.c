// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "cgroup_util.h"
#include "fs.h"
#include "unified.h"

#define NAMES	512

static char root[PATH_MAX];
static bool mounted;

/* Controllers that others had enabled at the root before. */
static char enabled[NAMES];

static bool lists(const char *names, const char *controller)
{
	size_t len = strlen(controller);
	const char *at;

	for (at = names; (at = strstr(at, controller)); at += len)
		if ((at == names || at[-1] == ' ') &&
		    (at[len] == ' ' || at[len] == '\n' || !at[len]))
			return true;
	return false;
}

void unified_init(void)
{
	if (cg_find_unified_root(root, sizeof(root), NULL)) {
		snprintf(root, sizeof(root), "%s/unified", fs_scratch());
		mkdir(root, 0700);
		mounted = !mount("unified", root, "cgroup2", 0, NULL);
		if (!mounted)
			root[0] = 0;
	}
	if (root[0])
		cg_read(root, "cgroup.subtree_control", enabled,
			sizeof(enabled));
}

static void disable_ours(void)
{
	char names[NAMES] = "", text[NAMES], *name;

	cg_read(root, "cgroup.subtree_control", names, sizeof(names));
	for (name = strtok(names, "\n "); name; name = strtok(NULL, "\n ")) {
		if (lists(enabled, name))
			continue;
		snprintf(text, sizeof(text), "-%s", name);
		cg_write(root, "cgroup.subtree_control", text);
	}
}

void unified_exit(void)
{
	if (!root[0])
		return;
	disable_ours();
	if (mounted)
		umount(root);
}

const char *unified_root(void)
{
	return root;
}

int unified_enable(const char *cgroup, const char *controller)
{
	char text[32];

	snprintf(text, sizeof(text), "+%s", controller);
	return cg_write(cgroup, "cgroup.subtree_control", text);
}

bool unified_has(const char *cgroup, const char *controller)
{
	char names[NAMES];

	return !cg_read(cgroup, "cgroup.controllers", names, sizeof(names)) &&
	       lists(names, controller);
}
