// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "message.h"
#include "tasks.h"

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int tasks_read(struct tasks *tasks, int dir)
{
	int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	FILE *procs = fd < 0 ? NULL : fdopen(fd, "r");
	int pid;

	*tasks = (struct tasks){ };
	if (!procs)
		return -errno;
	while (fscanf(procs, "%d", &pid) == 1) {
		if (pid <= 0) {
			tasks->nr_foreign++;
			continue;
		}
		tasks->pid = allocated(reallocarray(tasks->pid, tasks->nr + 1,
						    sizeof(pid)));
		tasks->pid[tasks->nr++] = pid;
	}
	fclose(procs);
	if (tasks->nr)
		qsort(tasks->pid, tasks->nr, sizeof(pid), compare);
	return 0;
}

void tasks_free(struct tasks *tasks)
{
	free(tasks->pid);
}

static bool has(const struct tasks *tasks, pid_t pid)
{
	return tasks->nr && bsearch(&pid, tasks->pid, tasks->nr, sizeof(pid),
				    compare);
}

#define BATCH	64

/* A process that is in the list after it was opened is who was opened. */
static void kill_some(int dir, const pid_t *pid, size_t nr)
{
	struct tasks now;
	int fd[BATCH];
	size_t i;

	for (i = 0; i < nr; i++)
		fd[i] = pidfd_open(pid[i], 0);
	tasks_read(&now, dir);
	for (i = 0; i < nr; i++) {
		if (fd[i] < 0)
			continue;
		if (has(&now, pid[i]))
			pidfd_send_signal(fd[i], SIGKILL, NULL, 0);
		close(fd[i]);
	}
	tasks_free(&now);
}

void tasks_kill(int dir)
{
	struct tasks tasks;
	size_t i, nr;

	tasks_read(&tasks, dir);
	for (i = 0; i < tasks.nr; i += nr) {
		nr = tasks.nr - i < BATCH ? tasks.nr - i : BATCH;
		kill_some(dir, tasks.pid + i, nr);
	}
	tasks_free(&tasks);
}
