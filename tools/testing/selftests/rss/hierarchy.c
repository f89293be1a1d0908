// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "fs.h"
#include "hierarchy.h"
#include "runner.h"
#include "unified.h"

/*
 * Another program may just have used the other hierarchy: the kernel releases
 * the controller there in the background.
 */
#define REBIND_MS	10000

static int version;
static char root[PATH_MAX];
static bool mounted;

void hierarchy_use(int needed)
{
	version = needed;
}

static const char *choose(void)
{
	const char *text = getenv("RSS_HIERARCHY");
	int wanted;

	if (!text) {
		version = version ?: 1;
		return NULL;
	}
	if (strcmp(text, "v1") && strcmp(text, "v2"))
		return "RSS_HIERARCHY is neither v1 nor v2";
	wanted = text[1] - '0';
	if (version && version != wanted)
		return "about the other version of cgroups than RSS_HIERARCHY";
	version = wanted;
	return NULL;
}

static bool find_v1(void)
{
	struct mntent *ent;
	FILE *mounts;

	mounts = setmntent("/proc/self/mounts", "r");
	if (!mounts)
		return false;
	while ((ent = getmntent(mounts))) {
		if (strcmp(ent->mnt_type, "cgroup") || !hasmntopt(ent, "rss"))
			continue;
		snprintf(root, sizeof(root), "%s", ent->mnt_dir);
		break;
	}
	endmntent(mounts);
	return root[0];
}

static bool is_busy(void)
{
	mounted = !mount("rss", root, "cgroup", 0, "rss");
	return !mounted && errno == EBUSY;
}

static const char *init_v1(void)
{
	if (find_v1())
		return NULL;
	snprintf(root, sizeof(root), "%s/rss", fs_scratch());
	mkdir(root, 0700);
	if (holds_for(is_busy(), REBIND_MS))
		return "the rss controller is in use in another hierarchy";
	return mounted ? NULL : "no rss controller";
}

/* Whether it is enabled, on any hierarchy. */
static bool is_enabled(void)
{
	FILE *cgroups = fopen("/proc/cgroups", "r");
	bool found = false;
	char name[64];
	int enabled;

	if (!cgroups)
		return false;
	fscanf(cgroups, "%*[^\n]");
	while (fscanf(cgroups, "%63s %*d %*d %d", name, &enabled) == 2)
		found |= enabled && !strcmp(name, "rss");
	fclose(cgroups);
	return found;
}

static const char *init_v2(void)
{
	if (!is_enabled())
		return "no rss controller";
	if (!unified_root()[0])
		return "no default hierarchy";
	snprintf(root, sizeof(root), "%s", unified_root());
	if (holds_for(!unified_has(root, "rss"), REBIND_MS))
		return "the rss controller is in use in another hierarchy";
	if (unified_enable(root, "rss"))
		return "the rss controller cannot be enabled";
	return NULL;
}

const char *hierarchy_init(void)
{
	const char *why = choose();

	if (why)
		return why;
	unified_init();
	why = version == 2 ? init_v2() : init_v1();
	if (why)
		unified_exit();
	return why;
}

void hierarchy_exit(void)
{
	if (mounted)
		umount(root);
	unified_exit();
}

const char *hierarchy_root(void)
{
	return root;
}

bool hierarchy_is_v2(void)
{
	return version == 2;
}
