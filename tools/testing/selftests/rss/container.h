/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Containers in the hierarchy of hierarchy.h. Files are named as in v1, see
 * control.h. Functions of cgroup_util.c also work here: cg_enter(), ...; their
 * waits have no timeout.
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

/* Skips a case that is impossible on v2, such as processes beside children. */
void container_need_v1(void);

/* A new container in @parent, or in the root if that is NULL. */
char *container_new(const char *parent, const char *name);

/* @nr of them, named 0 and so on. */
char **container_new_several(const char *parent, int nr);

/* Removes an empty container; it may take a while to become empty. */
void container_remove(const char *container);

/*
 * Kills what is left in the containers of a case and removes them. Returns
 * NULL, or what was wrong with them.
 */
const char *container_cleanup(void);

/* The name of a container in the kernel log: its path from the root. */
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

/* Moves a process; 0 is the caller. */
void container_move(const char *container, pid_t pid);

/* The processes of a container without descendants; returns their number. */
size_t container_pids(const char *container, pid_t *pids, size_t max);

/* Number of containers that were removed but are still in the system. */
long container_dead(void);

#endif
