// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "lifecycle.h"

static int run(struct command_line *cl)
{
	struct container c;
	char **args;

	while (command_option(cl, NULL, false) > 0)
		;
	args = command_arguments(cl, 1, cl->argc);
	for (; *args; args++) {
		container_open(&c, &cl->h, *args);
		container_enable(&cl->h, c.name);
		container_close(&c);
	}
	return 0;
}

const struct command command_enable = {
	.name = "enable",
	.arguments = "NAME...",
	.summary = "Enables the controller for existing cgroups of v2",
	.run = run,
};
