// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "command.h"

static int run(struct command_line *cl)
{
	while (command_option(cl, NULL, false) > 0)
		;
	command_arguments(cl, 0, 0);
	puts(cl->h.path);
	return 0;
}

const struct command command_mount = {
	.name = "mount",
	.arguments = "",
	.summary = "Mounts the controller if it is not, and shows where it is",
	.run = run,
};
