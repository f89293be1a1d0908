/* SPDX-License-Identifier: GPL-2.0 */
/* Memory nodes, and moving pages between them. */
#ifndef RSS_NUMA_H
#define RSS_NUMA_H

#include <stdbool.h>
#include <sys/types.h>

/* Two nodes with memory and CPUs. */
struct nodes {
	int id[2];
};

/* Returns false, or skips the case, if there are none. */
bool numa_find(struct nodes *nodes);
void numa_nodes(struct nodes *nodes);

/* A node with memory only, slower than the others; or skips the case. */
int numa_slow_node(void);

/* The caller's preferred node for new pages; -1: where it runs. */
void numa_prefer(int node);

/* Lets the caller run only on the CPUs of one node. */
void numa_run_on(int node);

/* Number of pages of a process (0: the caller) on a node. */
size_t numa_count(pid_t pid, char *mem, size_t pages, int node);

/*
 * Migrates pages of a process to a node, even if others map them: a region, or
 * all that it has on another node.
 */
void numa_move(pid_t pid, char *mem, size_t pages, int node);
void numa_migrate(pid_t pid, int from, int to);

/* The same without retries: how many are there now; did it work? */
size_t numa_try_move(pid_t pid, char *mem, size_t pages, int node);
bool numa_try_migrate(pid_t pid, int from, int to);

#endif
