// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "command.h"
#include "lifecycle.h"
#include "message.h"
#include "status.h"

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "kill", no_argument, NULL, 'k' },
		{ }
	};
	struct container c;
	bool kill = false;
	char **args;
	int err, status = 0;

	while (command_option(cl, options, false) > 0)
		kill = true;
	args = command_arguments(cl, 1, cl->argc);
	for (; *args; args++) {
		container_open(&c, &cl->h, *args);
		if (!strcmp(c.name, "/"))
			fail(STATUS_USAGE, "the root can't be removed");
		err = kill ? container_remove(&c) : container_remove_empty(&c);
		if (err == -EBUSY) {
			message(LOG_ERR, "%s: busy: it has processes, or containers below it",
				c.name);
			status = STATUS_BUSY;
		} else if (err) {
			message(LOG_ERR, "removing %s: %s", c.name,
				strerror(-err));
			status = STATUS_FAILED;
		}
		container_close(&c);
	}
	return status;
}

const struct command command_rm = {
	.name = "rm",
	.arguments = "NAME...",
	.summary = "Removes containers",
	.options = "  -k, --kill          with all processes and containers in them\n",
	.run = run,
};
