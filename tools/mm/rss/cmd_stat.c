// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "file.h"
#include "message.h"
#include "record.h"
#include "size.h"

struct entry {
	char key[64];
	unsigned long long value;
	bool is_size;
};

/* Takes a line "key number" off *@text. */
static bool next_entry(const struct hierarchy *h, char **text, struct entry *e)
{
	char *line = strsep(text, "\n");

	if (!line || sscanf(line, "%63s %llu", e->key, &e->value) != 2)
		return false;
	/* pgscan and pgsteal count pages over time, the others are sizes. */
	e->is_size = strncmp(e->key, "pg", 2);
	if (e->is_size && h->version == 1)
		e->value = size_of_pages(e->value, h->page_size);
	return true;
}

static void print_value(const char *key, unsigned long long value,
			bool is_size, bool bytes)
{
	char text[SIZE_TEXT];

	if (is_size && (!bytes || value == SIZE_UNLIMITED))
		printf("%-14s %s\n", key, size_text(value, text));
	else
		printf("%-14s %llu\n", key, value);
}

static void print(const struct container *c, const struct record *r,
		  char *stat, bool bytes)
{
	struct entry e;
	enum attr id;

	for (id = 0; id < NR_ATTRS; id++)
		if (r->valid[id])
			print_value(attr_name(id), r->value[id],
				    attr_is_size(id), bytes);
	while (next_entry(c->h, &stat, &e))
		print_value(e.key, e.value, e.is_size, bytes);
}

static void print_json(const struct container *c, const struct record *r,
		       char *stat)
{
	struct json_object *json = record_json(r, c->name);
	struct entry e;

	while (next_entry(c->h, &stat, &e))
		json_object_object_add(json, e.key,
				       json_object_new_uint64(e.value));
	json_print(json, true);
}

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "bytes", no_argument, NULL, 'b' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	bool bytes = false, json = false;
	char stat[FILE_TEXT];
	struct container c;
	const char *file;
	struct record r;
	int option, err;

	while ((option = command_option(cl, options, false)) > 0) {
		bytes |= option == 'b';
		json |= option == 'j';
	}
	container_open(&c, &cl->h, command_arguments(cl, 1, 1)[0]);
	err = record_read(&r, &c);
	if (err)
		container_fail(&c, attr_file(&cl->h, ATTR_USAGE), err);
	file = cl->h.version == 1 ? "rss_stat" : "rss.stat";
	err = file_read(c.dir, file, stat);
	if (err)
		container_fail(&c, file, err);
	if (json)
		print_json(&c, &r, stat);
	else
		print(&c, &r, stat, bytes);
	container_close(&c);
	return 0;
}

const struct command command_stat = {
	.name = "stat",
	.arguments = "NAME",
	.summary = "Shows all values of a container",
	.options = "  -b, --bytes         sizes in bytes\n"
		   "  -j, --json          JSON, sizes in bytes\n",
	.run = run,
};
