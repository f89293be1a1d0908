// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "size.h"
#include "status.h"

static void print_help(const struct command *command)
{
	printf("Usage: rssctl %s [OPTION]... %s\n%s.\n\nOptions:\n",
	       command->name, command->arguments, command->summary);
	if (command->options)
		printf("%s", command->options);
	printf("  -R, --root DIR      the hierarchy, where it is not found by itself\n"
	       "  -h, --help          show this\n"
	       "\nSee rssctl(8).\n");
	exit(0);
}

#define MAX_OPTIONS	16

/* What getopt_long() wants to know, from both lists of options. */
struct option_list {
	char shorts[2 * MAX_OPTIONS + 3];
	struct option longs[MAX_OPTIONS + 1];
	int nr;
};

static void add_options(struct option_list *list, const struct option *options)
{
	size_t len = strlen(list->shorts);

	for (; options && options->name && list->nr < MAX_OPTIONS; options++) {
		list->shorts[len++] = options->val;
		if (options->has_arg)
			list->shorts[len++] = ':';
		list->longs[list->nr++] = *options;
	}
}

int command_option(struct command_line *cl, const struct option *options,
		   bool ordered)
{
	static const struct option common[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "root", required_argument, NULL, 'R' },
		{ }
	};
	struct option_list list = { };
	int option;

	snprintf(list.shorts, sizeof(list.shorts), ordered ? "+:" : ":");
	add_options(&list, options);
	add_options(&list, common);
	opterr = 0;
	option = getopt_long(cl->argc, cl->argv, list.shorts, list.longs, NULL);
	switch (option) {
	case 'h':
		print_help(cl->command);
		break;
	case 'R':
		cl->root = optarg;
		return command_option(cl, options, ordered);
	case ':':
		command_misused(cl, "%s needs an argument",
				cl->argv[optind - 1]);
	case '?':
		if (optopt)
			command_misused(cl, "bad option -%c", optopt);
		command_misused(cl, "bad option %s", cl->argv[optind - 1]);
	}
	return option;
}

char **command_arguments(struct command_line *cl, int min, int max)
{
	int nr = cl->argc - optind;

	if (nr < min || nr > max)
		command_misused(cl, "too %s arguments", nr < min ? "few" : "many");
	hierarchy_open(&cl->h, cl->root);
	return cl->argv + optind;
}

void command_misused(const struct command_line *cl, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	fail(STATUS_USAGE, "%s (see rssctl %s --help)",
	     (char *)allocated(text), cl->command->name);
}

struct share command_share(const struct command_line *cl, const char *text)
{
	struct share share;
	const char *why = share_parse(text, sysconf(_SC_PAGESIZE), &share);

	if (why)
		command_misused(cl, "size '%s': %s", text, why);
	return share;
}

unsigned long long command_share_of_limit(const struct command_line *cl,
					  struct share share,
					  unsigned long long limit)
{
	if (share.is_percent && limit == SIZE_UNLIMITED)
		command_misused(cl, "%llu%% of what? There is no limit",
				share.value);
	return share_bytes(share, limit);
}

double command_seconds(const struct command_line *cl, const char *text)
{
	double seconds;
	char *end;

	seconds = strtod(text, &end);
	/* Milliseconds have to fit an int. */
	if (end == text || *end || !isfinite(seconds) || seconds < 0 ||
	    seconds > INT_MAX / 1000)
		command_misused(cl, "not a number of seconds: '%s'", text);
	return seconds;
}

unsigned long command_number(const struct command_line *cl, const char *text)
{
	unsigned long long number;
	const char *end = number_parse(text, &number);

	if (!end || *end || !number || number > INT_MAX)
		command_misused(cl, "not a positive number: '%s'", text);
	return number;
}
