// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "container.h"
#include "cpu.h"
#include "job.h"
#include "runner.h"
#include "tool.h"

static void __noreturn run(const struct job *job)
{
	int out = job->out_fd ?: open("/dev/null", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (job->one_cpu)
		cpu_run_on(0);
	if (out < 0 || dup2(out, STDOUT_FILENO) < 0)
		fail_case("dup2: %s", strerror(errno));
	container_move(job->container, 0);
	execvp(job->argv[0], (char **)job->argv);
	fail_case("exec of %s: %s", job->argv[0], strerror(errno));
}

void job_start(struct job *job)
{
	int i;

	tool_need(job->argv[0]);
	fflush(stdout);
	require(!job->out_fd || (!ftruncate(job->out_fd, 0) &&
				 !lseek(job->out_fd, 0, SEEK_SET)),
		"emptying the output: %s", strerror(errno));
	job->exited = 0;
	job->killed = 0;
	for (i = 0; i < job->tasks; i++) {
		job->pids[i] = fork();
		require(job->pids[i] >= 0, "fork: %s", strerror(errno));
		if (!job->pids[i])
			run(job);
	}
}

int job_poll(struct job *job)
{
	int running = 0;
	int status, i;

	for (i = 0; i < job->tasks; i++) {
		if (!job->pids[i])
			continue;
		if (waitpid(job->pids[i], &status, WNOHANG) != job->pids[i]) {
			running++;
			continue;
		}
		job->pids[i] = 0;
		if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
			job->killed++;
		else if (!status)
			job->exited++;
		else
			fail_case("%s ended with status %#x", job->argv[0],
				  status);
	}
	return running;
}

static bool says(const char *lines, pid_t pid)
{
	char line[16];

	snprintf(line, sizeof(line), "\n%d\n", pid);
	return strstr(lines, line);
}

bool job_has_begun(const struct job *job)
{
	/* No line precedes the first one. */
	char lines[JOB_TASKS * 16] = "\n";
	ssize_t len;
	int i;

	if (!job->out_fd)
		return true;
	len = pread(job->out_fd, lines + 1, sizeof(lines) - 2, 0);
	require(len >= 0, "pread: %s", strerror(errno));
	for (i = 0; i < job->tasks; i++)
		if (job->pids[i] && !says(lines, job->pids[i]))
			return false;
	return true;
}

void job_stop(struct job *job)
{
	int i;

	for (i = 0; i < job->tasks; i++)
		if (job->pids[i])
			kill(job->pids[i], SIGKILL);
	require(wait_for(!job_poll(job)), "%s stays", job->argv[0]);
}
