/* SPDX-License-Identifier: GPL-2.0-only */
/* The processes of a container. */
#ifndef RSS_TASKS_H
#define RSS_TASKS_H

#include <stddef.h>
#include <sys/types.h>

struct tasks {
	pid_t *pid;		/* in ascending order */
	size_t nr;
	size_t nr_foreign;	/* that this PID namespace does not have */
};

/* Those of the container that @dir is open for, not of the ones below it. */
int tasks_read(struct tasks *tasks, int dir);
void tasks_free(struct tasks *tasks);

/* Kills them, but no process that reuses the id of one that has ended. */
void tasks_kill(int dir);

#endif
