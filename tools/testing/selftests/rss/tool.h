/* SPDX-License-Identifier: GPL-2.0 */
/* Installed programs, run as users run them. */
#ifndef RSS_TOOL_H
#define RSS_TOOL_H

#include <sys/types.h>

#define TOOL_TEXT	4096

struct tool {
	pid_t pid;
	int status;		/* exit status, 128 + N after signal N */
	char out[TOOL_TEXT];	/* the last output to stdout */
	char err[TOOL_TEXT];	/* ... and to stderr */
	int out_fd, err_fd;
	int terminal;		/* or -1 */
};

/* Skips the case if there is no such program in $PATH. */
void tool_need(const char *program);

/*
 * Starts a program, found by $PATH; the arguments end with NULL. Skips the
 * case if the program does not exist.
 */
void __attribute__((sentinel)) tool_start(struct tool *t, const char *program,
					  ...);

/*
 * Starts it on its own terminal. Returns the other side, for input; its output
 * goes to @t->out.
 */
int __attribute__((sentinel)) tool_start_on_tty(struct tool *t,
						const char *program, ...);

/* Waits until it exits. */
void tool_wait(struct tool *t);

/* Its output so far. */
void tool_look(struct tool *t);

/* Starts it and waits. */
void __attribute__((sentinel)) tool_run(struct tool *t, const char *program,
					...);

/* Fails the case unless the program exited with @status. */
void tool_expect_status(const struct tool *t, int status);

/* The same for a part of its output. */
void tool_expect_out(const struct tool *t, const char *text);
void tool_expect_err(const struct tool *t, const char *text);

#endif
