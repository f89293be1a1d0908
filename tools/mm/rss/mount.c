// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hierarchy.h"
#include "message.h"
#include "mount.h"
#include "status.h"

/* Blanks and the like are in octal, as in "\040". */
static void unescape(char *text)
{
	unsigned int code;
	char *to = text;

	while (*text) {
		if (*text == '\\' && sscanf(text + 1, "%3o", &code) == 1) {
			*to++ = code;
			text += 4;
		} else {
			*to++ = *text++;
		}
	}
	*to = 0;
}

/* A hierarchy can be mounted without the controller. */
static bool has_controller(const char *point)
{
	int fd = open(point, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool has = fd >= 0 && hierarchy_version(fd);

	if (fd >= 0)
		close(fd);
	return has;
}

/*
 * A line of mountinfo: "36 35 98:0 ROOT POINT OPTIONS [TAG...] - TYPE ...".
 * Returns the mount point if it shows the top of a hierarchy of ours.
 */
static char *examine(const char *line)
{
	char *root = NULL, *point = NULL, *type = NULL, *found = NULL;
	const char *rest = strstr(line, " - ");

	if (rest &&
	    sscanf(line, "%*s %*s %*s %ms %ms", &root, &point) == 2 &&
	    sscanf(rest, " - %ms", &type) == 1 && !strcmp(root, "/") &&
	    (!strcmp(type, "cgroup") || !strcmp(type, "cgroup2"))) {
		unescape(point);
		if (has_controller(point)) {
			found = point;
			point = NULL;
		}
	}
	free(root);
	free(point);
	free(type);
	return found;
}

char *mount_find(void)
{
	char *line = NULL, *found = NULL;
	size_t size = 0;
	FILE *mounts;

	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		fail(STATUS_FAILED, "/proc/self/mountinfo: %s", strerror(errno));
	while (!found && getline(&line, &size, mounts) > 0)
		found = examine(line);
	fclose(mounts);
	free(line);
	return found;
}

/* Ends the program if the running kernel can't have the controller. */
static void check_kernel(void)
{
	char line[256], name[64] = "";
	FILE *cgroups;
	int enabled;

	cgroups = fopen("/proc/cgroups", "re");
	if (!cgroups)
		fail(STATUS_UNSUPPORTED, "this kernel has no cgroups");
	while (fgets(line, sizeof(line), cgroups)) {
		if (sscanf(line, "%63s %*d %*d %d", name, &enabled) == 2 &&
		    !strcmp(name, "rss"))
			break;
		name[0] = 0;
	}
	fclose(cgroups);
	if (!name[0])
		fail(STATUS_UNSUPPORTED, "this kernel has no rss controller");
	if (!enabled)
		fail(STATUS_UNSUPPORTED,
		     "the rss controller is disabled (cgroup_disable=rss)");
}

static int make_directory(const char *path)
{
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

static int make_directories(const char *path)
{
	char *copy = allocated(strdup(path));
	char *slash = copy;
	int err = 0;

	while (!err && (slash = strchr(slash + 1, '/'))) {
		*slash = 0;
		err = make_directory(copy);
		*slash = '/';
	}
	if (!err)
		err = make_directory(copy);
	free(copy);
	return err;
}

void mount_v1(const char *path)
{
	int err;

	check_kernel();
	err = make_directories(path);
	if (err)
		fail(STATUS_FAILED, "mkdir %s: %s", path, strerror(-err));
	if (mount("rss", path, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "rss"))
		fail(STATUS_FAILED, "mounting the rss controller on %s: %s",
		     path, strerror(errno));
}
