/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory controller, which the tests use in the default hierarchy. If rss
 * is there, too, a container is a cgroup of both; with rss on v1, there is a
 * separate cgroup of the memory controller.
 */
#ifndef RSS_MEMCG_H
#define RSS_MEMCG_H

#include <sys/types.h>

/* Enables the controller, or skips the case. */
void memcg_need(void);

/* The memory cgroup of a container in the root: same name. */
char *memcg_of(const char *container);

/* Moves a process, 0 being the caller, to a memory cgroup. */
void memcg_move(const char *memcg, pid_t pid);

/* Pages charged to it. */
long memcg_usage(const char *memcg);

long memcg_stat_pages(const char *memcg, const char *key);
long memcg_event(const char *memcg, const char *key);
void memcg_set_max(const char *memcg, long pages);
void memcg_set_swap_max(const char *memcg, long pages);

/* Returns 0 or -errno, as memory.reclaim does. */
int memcg_reclaim(const char *memcg, long pages);

#endif
