/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Containers, in the hierarchy that hierarchy.h is about.  Files go by their
 * names in v1, see control.h.  What cgroup_util.c has serves here too:
 * cg_enter(), ...; its waits have no end.
 */
#ifndef RSS_CONTAINER_H
#define RSS_CONTAINER_H

#include <stdio.h>
#include <sys/types.h>

#include "cgroup_util.h"
#include "control.h"

/* Returns NULL or, without the controller, the reason. */
const char *container_init(void);
void container_exit(void);

/* The root container of the hierarchy. */
const char *container_root(void);

/* Skips a case that v2 has no room for: processes beside children, say. */
void container_need_v1(void);

/* A new container in @parent, or right in the root if that is NULL. */
char *container_new(const char *parent, const char *name);

/* @nr of them, named 0 and so on. */
char **container_new_several(const char *parent, int nr);

/* Removes an empty container; it may take a while to become so. */
void container_remove(const char *container);

/*
 * Kills what is left in the containers of a case and removes them.
 * Returns NULL, or what was wrong with them.
 */
const char *container_cleanup(void);

/* A container as it is called in the kernel log: its path from the root. */
const char *container_path(const char *container);

bool container_has(const char *container, const char *file);
void container_set(const char *container, const char *file, const char *value);
void container_set_pages(const char *container, const char *file, long pages);

static inline long container_get(const char *container, const char *file)
{
	return control_read(container, file);
}

static inline long container_stat(const char *container, const char *key)
{
	return control_stat(container, key);
}

static inline long container_usage(const char *container)
{
	return container_get(container, "rss_usage");
}

/* Moves a process, 0 being the caller. */
void container_move(const char *container, pid_t pid);

/* The processes of a container, not of its descendants; returns how many. */
size_t container_pids(const char *container, pid_t *pids, size_t max);

/* How many containers were removed but are in the system still. */
long container_dead(void);

#endif
