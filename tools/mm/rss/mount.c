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
#include "subsystem.h"

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

/* Does the mount show the top of a hierarchy of ours? */
static bool is_ours(const char *root, const char *point, const char *type)
{
	/* Before the mount is touched: others may be a user's, or hang. */
	if (strcmp(type, "cgroup") && strcmp(type, "cgroup2"))
		return false;
	return !strcmp(root, "/") && has_controller(point);
}

static bool is_v2(const char *root, const char *point, const char *type)
{
	(void)root;
	(void)point;
	return !strcmp(type, "cgroup2");
}

typedef bool (*test_fn)(const char *root, const char *point, const char *type);

/*
 * A line of mountinfo: "36 35 98:0 ROOT POINT OPTIONS [TAG...] - TYPE ...".
 * Returns the mount point if the test says so.
 */
static char *examine(const char *line, test_fn test)
{
	char *root = NULL, *point = NULL, *type = NULL, *found = NULL;
	const char *rest = strstr(line, " - ");

	if (rest &&
	    sscanf(line, "%*s %*s %*s %ms %ms", &root, &point) == 2 &&
	    sscanf(rest, " - %ms", &type) == 1) {
		unescape(point);
		if (test(root, point, type)) {
			found = point;
			point = NULL;
		}
	}
	free(root);
	free(point);
	free(type);
	return found;
}

static char *find(test_fn test)
{
	char *line = NULL, *found = NULL;
	size_t size = 0;
	FILE *mounts;

	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		fail(STATUS_FAILED, "/proc/self/mountinfo: %s", strerror(errno));
	while (!found && getline(&line, &size, mounts) > 0)
		found = examine(line, test);
	fclose(mounts);
	free(line);
	return found;
}

char *mount_find(void)
{
	return find(is_ours);
}

/*
 * The controller is in one hierarchy at a time. Mounting it as v1 takes it away
 * from v2, with all that depends on it there: that is for the user to decide.
 */
void mount_missing(void)
{
	struct subsystem rss = subsystem_read();
	char *v2 = find(is_v2);

	if (rss.hierarchy)
		fail(STATUS_UNSUPPORTED,
		     "the rss controller is in a cgroup v1 hierarchy that is not mounted here and has %d container%s: 'rssctl mount' mounts it; without containers, cgroup v2 gets it back",
		     rss.containers, rss.containers == 1 ? "" : "s");
	if (v2 && has_controller(v2))
		fail(STATUS_UNSUPPORTED,
		     "only a part of cgroup v2 is mounted here, use --root %s", v2);
	if (v2)
		fail(STATUS_UNSUPPORTED,
		     "the rss controller is not enabled above %s, where cgroup v2 is mounted",
		     v2);
	fail(STATUS_UNSUPPORTED,
	     "the rss controller is not mounted: mount cgroup v2, or use 'rssctl mount' for version 1");
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

	subsystem_read();
	err = make_directories(path);
	if (err)
		fail(STATUS_FAILED, "mkdir %s: %s", path, strerror(-err));
	if (mount("rss", path, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "rss"))
		fail(STATUS_FAILED, "mounting the rss controller on %s: %s",
		     path, errno == EBUSY ? "it is in use on another hierarchy" :
		     strerror(errno));
}
