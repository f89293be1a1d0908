// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "columns.h"
#include "command.h"
#include "file.h"
#include "message.h"
#include "record.h"
#include "size.h"
#include "status.h"
#include "utf8.h"
#include "walk.h"

static const enum attr columns[] = {
	ATTR_USAGE, ATTR_LIMIT, ATTR_PEAK, ATTR_FAILCNT,
};

struct list {
	const char *top;
	int name_width;
	struct json_object *json;	/* instead of a table */
	bool names;			/* and nothing else */
};

static void measure(struct container *c, void *arg)
{
	struct list *list = arg;

	char *name = utf8_shown(c->name);

	if (columns_of(name) > list->name_width)
		list->name_width = columns_of(name);
	free(name);
}

static void print_heading(const struct list *list)
{
	size_t i;

	printf("%-*s", list->name_width, "name");
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		printf(" %9s", attr_name(columns[i]));
	putchar('\n');
}

static void print_row(const struct list *list, const struct container *c,
		      const struct record *r)
{
	char *name = utf8_shown(c->name);
	char text[SIZE_TEXT];
	size_t i;

	printf("%-*s", columns_pad(name, list->name_width), name);
	free(name);
	for (i = 0; i < ARRAY_SIZE(columns); i++)
		printf(" %9s", record_text(r, columns[i], text));
	putchar('\n');
}

/* A script gets it as it is. */
static void print_name(const char *name)
{
	char *shown = isatty(STDOUT_FILENO) ? utf8_shown(name) : NULL;

	puts(shown ?: name);
	free(shown);
}

static void show(struct container *c, void *arg)
{
	struct list *list = arg;
	struct record r;

	/* The root is no container, and is shown if it is asked for. */
	if (!strcmp(c->name, "/") && !list->top)
		return;
	if (record_read(&r, c))
		return;
	if (list->names)
		print_name(c->name);
	else if (list->json)
		json_object_array_add(list->json, record_json(&r, c->name));
	else
		print_row(list, c, &r);
}

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "quiet", no_argument, NULL, 'q' },
		{ }
	};
	struct list list = { .name_width = strlen("name") };
	struct container top;
	int option, err;
	char **args;

	while ((option = command_option(cl, options, false)) > 0) {
		if (option == 'j')
			list.json = allocated(json_object_new_array());
		else
			list.names = true;
	}
	file_limit_raise();
	args = command_arguments(cl, 0, 1);
	list.top = args[0];
	container_open(&top, &cl->h, list.top ?: "/");
	if (!list.json && !list.names) {
		walk(&cl->h, top.name, measure, &list);
		print_heading(&list);
	}
	err = walk(&cl->h, top.name, show, &list);
	if (list.json)
		json_print(list.json, true);
	if (err)
		fail(STATUS_FAILED, "%s: not all containers were seen: %s",
		     top.name, strerror(-err));
	container_close(&top);
	return 0;
}

const struct command command_ls = {
	.name = "ls",
	.arguments = "[NAME]",
	.summary = "Lists all containers, or NAME and those below it",
	.options = "  -j, --json          JSON, sizes in bytes\n"
		   "  -q, --quiet         names only\n",
	.run = run,
};
