/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that are in a container from their first instruction on, as started
 * by a shell: a task moves in and calls exec().
 */
#ifndef RSS_JOB_H
#define RSS_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#define JOB_TASKS	4

struct job {
	const char *container;
	const char * const *argv;	/* the program is found by $PATH */
	int tasks;		/* number of tasks that run it */
	bool one_cpu;		/* all of them on the same CPU */
	int out_fd;		/* for their output, emptied; 0: discard it */
	pid_t pids[JOB_TASKS];	/* 0: has exited */
	int exited;		/* number that exited with status 0 */
	int killed;		/* ... and by SIGKILL */
};

/* Starts the tasks, or skips the case if the program does not exist. */
void job_start(struct job *job);

/*
 * Reaps tasks that ended. If one ended in any other way than the two above,
 * the case fails. Returns how many still run.
 */
int job_poll(struct job *job);

/*
 * Whether all tasks that still run have started. A task reports that by
 * writing its process id to out_fd, one per line; without that file, there is
 * no start.
 */
bool job_has_begun(const struct job *job);

/* Kills the tasks that still run. */
void job_stop(struct job *job);

#endif
