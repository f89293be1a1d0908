// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "mount.h"

#define V1_MOUNT	"/containers/rss"

static int run(struct command_line *cl)
{
	char *path;

	while (command_option(cl, NULL, false) > 0)
		;
	if (cl->argc > optind)
		command_misused(cl, "too many arguments");
	path = cl->root ? NULL : mount_find();
	if (!cl->root && !path)
		mount_v1(V1_MOUNT);
	free(path);
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
