// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pty.h>
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

	if (strchr(program, '/'))
		return !access(program, X_OK);
	dirs = strdup(getenv("PATH") ?: "/usr/sbin:/usr/bin:/sbin:/bin");
	next = dirs;
	while (!found && (dir = strsep(&next, ":"))) {
		snprintf(path, sizeof(path), "%s/%s", dir, program);
		found = !access(path, X_OK);
	}
	free(dirs);
	return found;
}

void tool_need(const char *program)
{
	if (!is_in_path(program))
		skip_case("no %s", program);
}

/* A file, unlike a pipe, never fills up. */
static int text_file(void)
{
	int fd = memfd_create("text", MFD_CLOEXEC);

	require(fd >= 0, "memfd: %s", strerror(errno));
	return fd;
}

static void start(struct tool *t, int *terminal, const char *program,
		  va_list args)
{
	struct winsize size = { .ws_row = 24, .ws_col = 100 };
	char *argv[MAX_ARGS + 1] = { (char *)program };
	int i;

	tool_need(program);
	for (i = 1; i <= MAX_ARGS && (argv[i] = va_arg(args, char *)); i++)
		;
	require(i <= MAX_ARGS, "too many arguments");

	t->terminal = -1;
	t->out_fd = text_file();
	t->err_fd = text_file();
	fflush(stdout);
	t->pid = terminal ? forkpty(terminal, NULL, NULL, &size) : fork();
	if (t->pid < 0 && terminal)
		skip_case("no terminal: %s", strerror(errno));
	require(t->pid >= 0, "fork: %s", strerror(errno));
	if (t->pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if ((terminal || dup2(t->out_fd, STDOUT_FILENO) >= 0) &&
	    dup2(t->err_fd, STDERR_FILENO) >= 0)
		execvp(program, argv);
	_exit(KSFT_FAIL);
}

void tool_start(struct tool *t, const char *program, ...)
{
	va_list args;

	va_start(args, program);
	start(t, NULL, program, args);
	va_end(args);
}

int tool_start_on_tty(struct tool *t, const char *program, ...)
{
	va_list args;
	int terminal;

	va_start(args, program);
	start(t, &terminal, program, args);
	va_end(args);
	fcntl(terminal, F_SETFL, O_NONBLOCK);
	t->terminal = terminal;
	return terminal;
}

/* If a terminal is not read, its writer stops. */
static void copy_terminal(const struct tool *t)
{
	char text[256];
	ssize_t len;

	while ((len = read(t->terminal, text, sizeof(text))) > 0)
		require(write(t->out_fd, text, len) == len, "copying: %s",
			strerror(errno));
}

static void read_text(int fd, char *text)
{
	off_t end = lseek(fd, 0, SEEK_END);
	off_t start = end < TOOL_TEXT ? 0 : end - (TOOL_TEXT - 1);
	ssize_t len = pread(fd, text, TOOL_TEXT - 1, start);

	require(len >= 0, "reading output: %s", strerror(errno));
	text[len] = 0;
}

void tool_look(struct tool *t)
{
	if (t->terminal >= 0)
		copy_terminal(t);
	read_text(t->out_fd, t->out);
	read_text(t->err_fd, t->err);
}

void tool_wait(struct tool *t)
{
	int status;

	require(wait_for((tool_look(t),
			  waitpid(t->pid, &status, WNOHANG) == t->pid)),
		"a program does not end");
	t->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
					  WEXITSTATUS(status);
	tool_look(t);
	close(t->out_fd);
	close(t->err_fd);
	if (t->terminal >= 0)
		close(t->terminal);
}

void tool_run(struct tool *t, const char *program, ...)
{
	va_list args;

	va_start(args, program);
	start(t, NULL, program, args);
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
