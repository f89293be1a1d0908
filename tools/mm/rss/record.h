/* SPDX-License-Identifier: GPL-2.0-only */
/* All values of a container, as tables and JSON show them. */
#ifndef RSS_RECORD_H
#define RSS_RECORD_H

#include <stdbool.h>
#include <json-c/json.h>

#include "attr.h"
#include "container.h"

struct record {
	bool valid[NR_ATTRS];		/* else the container has no such */
	unsigned long long value[NR_ATTRS];
};

/* A bit for each attribute: all, or what tables of "top" show */
#define RECORD_ALL	(BIT(NR_ATTRS) - 1)
#define RECORD_TABLE	(BIT(ATTR_USAGE) | BIT(ATTR_LIMIT) | \
			 BIT(ATTR_PEAK) | BIT(ATTR_FAILCNT) | \
			 BIT(ATTR_RECLAIMED) | BIT(ATTR_OOM_KILL))

/* Each takes a file to read. */
int record_read_some(struct record *r, const struct container *c,
		     unsigned int attrs);

/* Returns 0, or a negative errno if not even the usage can be read. */
int record_read(struct record *r, const struct container *c);

/* For people: a size, a count, or "-". @text has room for a size. */
char *record_text(const struct record *r, enum attr id, char *text);

/* An object with the name and all that is valid; no limit is null. */
struct json_object *record_json(const struct record *r, const char *name);

/* Prints JSON in a line, or indented, and frees it. */
void json_print(struct json_object *json, bool indented);

#endif
