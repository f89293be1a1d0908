// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "execute.h"
#include "message.h"
#include "status.h"

static int run(struct command_line *cl)
{
	struct container c;
	char **args;

	fail_only_with(STATUS_RUN_FAILED);
	while (command_option(cl, NULL, true) > 0)
		;
	args = command_arguments(cl, 2, cl->argc);
	container_open(&c, &cl->h, args[0]);
	execute_in(&c, args + 1);
}

const struct command command_exec = {
	.name = "exec",
	.arguments = "NAME COMMAND [ARGUMENT]...",
	.summary = "Runs a command in a container that exists",
	.run = run,
};
