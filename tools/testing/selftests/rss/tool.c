// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "runner.h"
#include "tool.h"

#define MAX_ARGS	16

static bool is_in_path(const char *program)
{
	char path[PATH_MAX], *dirs, *next, *dir;
	bool found = false;

	dirs = strdup(getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin");
	next = dirs;
	while (!found && (dir = strsep(&next, ":"))) {
		snprintf(path, sizeof(path), "%s/%s", dir, program);
		found = !access(path, X_OK);
	}
	free(dirs);
	return found;
}

/* A file, unlike a pipe, never fills up. */
static int text_file(void)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	require(fd >= 0, "memfd: %s", strerror(errno));
	return fd;
}

static void start(struct tool *t, const char *program, va_list args)
{
	char *argv[MAX_ARGS + 1] = { (char *)program };
	int i;

	if (!is_in_path(program))
		skip_case("no %s", program);
	for (i = 1; i <= MAX_ARGS && (argv[i] = va_arg(args, char *)); i++)
		;
	require(i <= MAX_ARGS, "too many arguments");

	t->out_fd = text_file();
	t->err_fd = text_file();
	fflush(stdout);
	t->pid = fork();
	require(t->pid >= 0, "fork: %s", strerror(errno));
	if (t->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(t->out_fd, STDOUT_FILENO) >= 0 &&
	    dup2(t->err_fd, STDERR_FILENO) >= 0)
		execvp(program, argv);
	_exit(KSFT_FAIL);
}

void tool_start(struct tool *t, const char *program, ...)
{
	va_list args;

	va_start(args, program);
	start(t, program, args);
	va_end(args);
}

static void read_text(int fd, char *text)
{
	ssize_t len = pread(fd, text, TOOL_TEXT - 1, 0);

	require(len >= 0, "reading output: %s", strerror(errno));
	text[len] = 0;
}

void tool_look(struct tool *t)
{
	read_text(t->out_fd, t->out);
	read_text(t->err_fd, t->err);
}

void tool_wait(struct tool *t)
{
	int status;

	require(wait_for(waitpid(t->pid, &status, WNOHANG) == t->pid),
		"a program does not end");
	t->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
					  WEXITSTATUS(status);
	tool_look(t);
	close(t->out_fd);
	close(t->err_fd);
}

void tool_run(struct tool *t, const char *program, ...)
{
	va_list args;

	va_start(args, program);
	start(t, program, args);
	va_end(args);
	tool_wait(t);
}

void tool_expect_status(const struct tool *t, int status)
{
	require(t->status == status, "exit status %d, not %d: '%s'", t->status,
		status, t->err);
}

void tool_expect_out(const struct tool *t, const char *text)
{
	require(strstr(t->out, text), "no '%s' in '%s'", text, t->out);
}

void tool_expect_err(const struct tool *t, const char *text)
{
	require(strstr(t->err, text), "no '%s' in '%s'", text, t->err);
}
