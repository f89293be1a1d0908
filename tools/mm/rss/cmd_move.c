// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "message.h"
#include "own.h"
#include "size.h"
#include "status.h"

/* What the process has mapped, in bytes */
static unsigned long long mapped(const char *pid)
{
	char *path = format("/proc/%s", pid), text[FILE_TEXT];
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned long long pages = 0;

	free(path);
	if (dir < 0)
		return 0;
	if (file_read(dir, "statm", text) ||
	    sscanf(text, "%*u %llu", &pages) != 1)
		pages = 0;
	close(dir);
	return size_of_pages(pages, sysconf(_SC_PAGESIZE));
}

/* A limit does not hold for what a process has mapped before. */
static void warn(const struct container *c, const char *pid, const char *from,
		 unsigned long long size)
{
	char text[SIZE_TEXT];

	if (!size || !from || !strcmp(from, c->name))
		return;
	message(LOG_WARNING,
		"process %s has %s mapped already, which %s %s; %s counts what it maps from now on",
		pid, size_text(size, text),
		strcmp(from, "/") ? "stays charged as it is, in" :
				    "is not charged, as it was in",
		strcmp(from, "/") ? from : "the root", c->name);
}

static int move(const struct container *c, const char *pid, bool quiet)
{
	char *from = quiet ? NULL : process_name(c->h, pid);
	unsigned long long size = quiet ? 0 : mapped(pid);
	int err = file_write(c->dir, "cgroup.procs", pid);

	if (!err)
		warn(c, pid, from, size);
	free(from);
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
	static const struct option options[] = {
		{ "quiet", no_argument, NULL, 'q' },
		{ }
	};
	struct container c;
	bool quiet = false;
	int i, status = 0;
	char **args;

	while (command_option(cl, options, false) > 0)
		quiet = true;
	/* The kernel would take 0 for rssctl itself. */
	for (i = optind + 1; i < cl->argc; i++)
		command_number(cl, cl->argv[i]);
	args = command_arguments(cl, 2, cl->argc);
	container_open(&c, &cl->h, args[0]);
	while (*++args)
		status |= move(&c, *args, quiet);
	container_close(&c);
	return status;
}

const struct command command_move = {
	.name = "move",
	.arguments = "NAME PID...",
	.summary = "Moves processes to a container",
	.options = "  -q, --quiet         no warning about what stays charged elsewhere\n",
	.run = run,
};
