// SPDX-License-Identifier: GPL-2.0-only
#include "attr.h"
#include "command.h"
#include "reclaim.h"
#include "size.h"

static int run(struct command_line *cl)
{
	unsigned long long limit = SIZE_UNLIMITED;
	struct share target = { };
	struct container c;
	char **args;
	int err;

	while (command_option(cl, NULL, false) > 0)
		;
	if (cl->argc - optind == 2)
		target = command_share(cl, cl->argv[optind + 1]);
	if (target.value == SIZE_UNLIMITED)
		command_misused(cl, "size 'max': nothing to shrink to");
	args = command_arguments(cl, 2, 2);
	container_open(&c, &cl->h, args[0]);
	attr_read(&cl->h, c.dir, ATTR_LIMIT, &limit);
	err = reclaim_to(&c, command_share_of_limit(cl, target, limit));
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
