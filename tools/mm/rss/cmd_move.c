// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "message.h"
#include "status.h"

static int move(const struct container *c, const char *pid)
{
	int err = file_write(c->dir, "cgroup.procs", pid);

	if (!err)
		return 0;
	if (err == -ENODEV || err == -ENOENT)
		container_fail(c, "cgroup.procs", err);
	if (err == -ESRCH)
		message(LOG_ERR, "no such process: %s", pid);
	else
		message(LOG_ERR, "moving process %s to %s: %s", pid, c->name,
			strerror(-err));
	return STATUS_FAILED;
}

static int run(struct command_line *cl)
{
	struct container c;
	int i, status = 0;
	char **args;

	while (command_option(cl, NULL, false) > 0)
		;
	/* The kernel would take 0 for rssctl itself. */
	for (i = optind + 1; i < cl->argc; i++)
		command_number(cl, cl->argv[i]);
	args = command_arguments(cl, 2, cl->argc);
	container_open(&c, &cl->h, args[0]);
	while (*++args)
		status |= move(&c, *args);
	container_close(&c);
	return status;
}

const struct command command_move = {
	.name = "move",
	.arguments = "NAME PID...",
	.summary = "Moves processes to a container",
	.run = run,
};
