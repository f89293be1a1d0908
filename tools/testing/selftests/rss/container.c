// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "container.h"
#include "hierarchy.h"
#include "runner.h"
#include "unified.h"

/* Prefix of all containers of this run, so that cleanup finds them. */
static char prefix[32];

const char *container_init(void)
{
	snprintf(prefix, sizeof(prefix), "ksft_rss_%d_", getpid());
	return hierarchy_init();
}

/* The kernel keeps a v1 hierarchy, and the controller, while any is dying. */
#define DYING_MS	10000

void container_exit(void)
{
	holds_for(container_dead() > 0, DYING_MS);
	hierarchy_exit();
}

const char *container_root(void)
{
	return hierarchy_root();
}

void container_need_v1(void)
{
	if (hierarchy_is_v2())
		skip_case("cgroup v2 does not allow it");
}

/* On v2, a container must first allow children that are containers. */
static void allow_children(const char *parent)
{
	int err = unified_enable(parent, "rss");

	require(!err, "%s cannot have children: %s", parent, strerror(-err));
}

char *container_new(const char *parent, const char *name)
{
	char *container;
	int len;

	if (parent && hierarchy_is_v2())
		allow_children(parent);

	if (parent)
		len = asprintf(&container, "%s/%s", parent, name);
	else
		len = asprintf(&container, "%s/%s%s", hierarchy_root(), prefix,
			       name);
	require(len > 0, "out of memory");
	require(!cg_create(container), "mkdir %s: %s", container,
		strerror(errno));
	return container;
}

char **container_new_several(const char *parent, int nr)
{
	char **containers = malloc(nr * sizeof(*containers));
	char name[16];
	int i;

	require(containers || !nr, "out of memory");
	for (i = 0; i < nr; i++) {
		snprintf(name, sizeof(name), "%d", i);
		containers[i] = container_new(parent, name);
	}
	return containers;
}

void container_remove(const char *container)
{
	require(wait_for(!rmdir(container) || errno != EBUSY),
		"%s stays busy", container);
	require(access(container, F_OK), "rmdir %s failed", container);
}

static const char *cleanup_one(const char *container);

static const char *cleanup_below(const char *dir, const char *start)
{
	const char *why = NULL, *failed;
	struct dirent *ent;
	char *path;
	DIR *d;

	d = opendir(dir);
	if (!d)
		return NULL;
	while ((ent = readdir(d))) {
		if (ent->d_type != DT_DIR || ent->d_name[0] == '.' ||
		    strncmp(ent->d_name, start, strlen(start)))
			continue;
		path = cg_name(dir, ent->d_name);
		failed = cleanup_one(path);
		if (failed)
			why = failed;
		free(path);
	}
	closedir(d);
	return why;
}

/* Without tasks, anything charged is an error. */
static bool is_drained(const char *container)
{
	pid_t pid;

	cg_killall(container);
	return !container_pids(container, &pid, 1) && !container_usage(container);
}

static const char *cleanup_one(const char *container)
{
	static char why[PATH_MAX];
	const char *failed;

	failed = cleanup_below(container, "");
	if (!container_has(container, "rss_usage")) {
		/* Of another controller, which also has children. */
		cg_killall(container);
	} else if (!wait_for(is_drained(container))) {
		snprintf(why, sizeof(why), "%s: usage %ld at the end",
			 container_path(container), container_usage(container));
		failed = why;
	}
	if (!wait_for(!rmdir(container) || errno != EBUSY)) {
		snprintf(why, sizeof(why), "%s stays busy",
			 container_path(container));
		failed = why;
	}
	return failed;
}

const char *container_cleanup(void)
{
	const char *why = cleanup_below(hierarchy_root(), prefix);
	const char *other = NULL;

	if (unified_root()[0] && !hierarchy_is_v2())
		other = cleanup_below(unified_root(), prefix);
	return why ?: other;
}

const char *container_path(const char *container)
{
	return container + strlen(hierarchy_root());
}

bool container_has(const char *container, const char *file)
{
	struct stat st;
	char *path;
	int err;

	path = cg_control(container, control_name(file));
	err = stat(path, &st);
	free(path);
	return !err;
}

void container_set(const char *container, const char *file, const char *value)
{
	int err = control_write(container, file, value);

	require(!err, "writing '%s' to %s: %s", value, file, strerror(-err));
}

void container_set_pages(const char *container, const char *file, long pages)
{
	char value[32];

	snprintf(value, sizeof(value), "%ld", pages);
	container_set(container, file, value);
}

void container_move(const char *container, pid_t pid)
{
	int err = cg_enter(container, pid);

	require(!err, "moving %d to %s: %s", pid, container, strerror(-err));
}

size_t container_pids(const char *container, pid_t *pids, size_t max)
{
	char *path = cg_control(container, "cgroup.procs");
	FILE *procs = fopen(path, "r");
	size_t nr = 0;

	free(path);
	if (!procs)
		return 0;
	while (nr < max && fscanf(procs, "%d", &pids[nr]) == 1)
		nr++;
	fclose(procs);
	return nr;
}

/* Number of containers in the system as counted by the kernel. */
static long count_all(void)
{
	char name[64];
	long nr = -1, value;
	FILE *cgroups;

	cgroups = fopen("/proc/cgroups", "r");
	require(cgroups, "no /proc/cgroups");
	fscanf(cgroups, "%*[^\n]");
	while (fscanf(cgroups, "%63s %*d %ld %*d", name, &value) == 2)
		if (!strcmp(name, "rss"))
			nr = value;
	fclose(cgroups);
	return nr;
}

static long nr_dirs;

static int count_dir(const char *path, const struct stat *st, int type,
		     struct FTW *ftw)
{
	(void)path;
	(void)st;
	(void)ftw;
	nr_dirs += type == FTW_D;
	return 0;
}

long container_dead(void)
{
	if (hierarchy_is_v2())
		return cg_read_key_long(hierarchy_root(), "cgroup.stat",
					"nr_dying_subsys_rss ");
	nr_dirs = 0;
	require(!nftw(hierarchy_root(), count_dir, 8, FTW_PHYS), "nftw: %s",
		strerror(errno));
	return count_all() - nr_dirs;
}
