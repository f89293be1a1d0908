/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Programs that a container has from their first instruction on, as a shell
 * starts them: a task moves in, and calls exec().
 */
#ifndef RSS_JOB_H
#define RSS_JOB_H

#include <stdbool.h>
#include <sys/types.h>

#define JOB_TASKS	4

struct job {
	const char *container;
	const char * const *argv;	/* the program is found by $PATH */
	int tasks;		/* how many run it at once */
	bool one_cpu;		/* all of them on the same CPU */
	int out_fd;		/* for what they write, emptied; 0: it is lost */
	pid_t pids[JOB_TASKS];	/* 0: has ended */
	int exited;		/* how many have ended with status 0 */
	int killed;		/* ... and by SIGKILL */
};

/* Starts the tasks, or skips the case if there is no such program. */
void job_start(struct job *job);

/*
 * Looks who has ended.  If one did so in another way than the two above, the
 * case fails.  Returns how many have not.
 */
int job_poll(struct job *job);

/*
 * Whether all that have not ended are past their start.  Who says so writes its
 * process id to out_fd, a line each; without that file a program has no start.
 */
bool job_has_begun(const struct job *job);

/* Kills those that have not ended. */
void job_stop(struct job *job);

#endif
