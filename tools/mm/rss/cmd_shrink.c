// SPDX-License-Identifier: GPL-2.0-only
#include "command.h"
#include "reclaim.h"
#include "size.h"

static int run(struct command_line *cl)
{
	unsigned long long target = 0;
	struct container c;
	char **args;
	int err;

	while (command_option(cl, NULL, false) > 0)
		;
	if (cl->argc - optind == 2)
		target = command_size(cl, cl->argv[optind + 1]);
	if (target == SIZE_UNLIMITED)
		command_misused(cl, "size 'max': nothing to shrink to");
	args = command_arguments(cl, 2, 2);
	container_open(&c, &cl->h, args[0]);
	err = reclaim_to(&c, target);
	if (err)
		container_fail(&c, reclaim_file(&cl->h), err);
	container_close(&c);
	return 0;
}

const struct command command_shrink = {
	.name = "shrink",
	.arguments = "NAME SIZE",
	.summary = "Reclaims until a container uses at most SIZE",
	.run = run,
};
