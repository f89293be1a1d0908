/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands of rssctl, and how they read their command lines. */
#ifndef RSS_COMMAND_H
#define RSS_COMMAND_H

#include <getopt.h>
#include <stdbool.h>

#include "container.h"
#include "share.h"

struct command_line;

struct command {
	const char *name;
	const char *arguments;		/* for the usage line */
	const char *summary;
	const char *options;		/* lines of help, besides those of all */
	int (*run)(struct command_line *cl);	/* returns the exit status */
};

struct command_line {
	const struct command *command;
	int argc;
	char **argv;
	const char *root;		/* of --root */
	struct hierarchy h;
};

/*
 * The next option of a command's own, as getopt_long() has them; -1 at their
 * end.  Options that all commands have, and errors, are dealt with here.  With
 * @ordered, options end at the first other argument.
 */
int command_option(struct command_line *cl, const struct option *options,
		   bool ordered);

/*
 * Ends the options: checks that there are from @min to @max other arguments,
 * and opens the hierarchy.  Returns the arguments, with NULL at the end.
 */
char **command_arguments(struct command_line *cl, int min, int max);

/* Ends the program because of bad arguments. */
__noreturn void __printf(2, 3)
command_misused(const struct command_line *cl, const char *fmt, ...);

/*
 * Arguments that are a size or a share; the latter of a limit, which there must
 * be then.
 */
struct share command_share(const struct command_line *cl, const char *text);
unsigned long long command_share_of_limit(const struct command_line *cl,
					  struct share share,
					  unsigned long long limit);

/* Arguments that are a number of seconds, a positive number */
double command_seconds(const struct command_line *cl, const char *text);
unsigned long command_number(const struct command_line *cl, const char *text);

extern const struct command command_create, command_enable, command_exec,
	command_rm, command_ls, command_mount, command_move,
	command_run, command_set, command_shrink, command_stat, command_top,
	command_wait_event;

#endif
