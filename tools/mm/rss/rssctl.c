// SPDX-License-Identifier: GPL-2.0-only
/* rssctl: makes, limits and watches containers of the rss controller. */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "message.h"
#include "status.h"
#include "version.h"

static const struct command * const commands[] = {
	&command_run,
	&command_exec,
	&command_create,
	&command_rm,
	&command_enable,
	&command_ls,
	&command_stat,
	&command_set,
	&command_shrink,
	&command_move,
	&command_top,
	&command_wait_event,
	&command_mount,
};

static void print_help(void)
{
	size_t i;

	printf("Usage: rssctl COMMAND [OPTION]... [ARGUMENT]...\n"
	       "Makes, limits and watches containers of the rss controller.\n"
	       "Or: rssctl --version\n\n"
	       "Commands:\n");
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		printf("  %-11s %s\n", commands[i]->name, commands[i]->summary);
	printf("\n'rssctl COMMAND --help' and rssctl(8) tell more.\n");
}

static const struct command *find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	fail(STATUS_USAGE, "no such command: %s (see rssctl --help)", name);
}

int main(int argc, char **argv)
{
	struct command_line cl = { .argc = argc - 1, .argv = argv + 1 };
	int status;

	/* For the width of names; numbers stay as they are. */
	setlocale(LC_CTYPE, "");
	message_from("rssctl");
	if (argc < 2)
		fail(STATUS_USAGE, "no command (see rssctl --help)");
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help();
		return 0;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("rssctl " RSS_VERSION);
		return 0;
	}
	cl.command = find(argv[1]);
	message_from(format("rssctl %s", cl.command->name));
	status = cl.command->run(&cl);
	hierarchy_close(&cl.h);
	/* What a full disk swallows must not look like success. */
	if (fflush(stdout) || ferror(stdout))
		fail(STATUS_FAILED, "cannot write the output");
	return status;
}
