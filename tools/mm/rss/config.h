/* SPDX-License-Identifier: GPL-2.0-only */
/* The configuration of rssd: rssd.conf(5). */
#ifndef RSS_CONFIG_H
#define RSS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "share.h"

/* Marks are sizes, or shares of the limit. */
struct rule {
	char *section;
	char *containers;	/* pattern of their names */
	struct share high;
	struct share low;
	bool has_marks;
	bool has_limit;
	struct share limit;	/* of memory */
	unsigned int given;	/* a bit for each key */
	int line;		/* of its first key */
};

struct config {
	struct rule *rules;
	size_t nr_rules;
	unsigned long long step;	/* bytes, most that one turn reclaims */
	double backoff;			/* seconds, after the first EBUSY */
	double backoff_max;
	unsigned int given;
};

/*
 * Reads a file.  Returns NULL, or what is wrong with it, to be freed; there is
 * nothing in @config then.
 */
char *config_load(struct config *config, const char *path);
void config_free(struct config *config);

/* The first rule whose pattern a container's name matches, or NULL. */
const struct rule *config_rule(const struct config *config, const char *name);

/* Could a rule match a container below this one? */
bool config_reaches_below(const struct config *config, const char *name);

#endif
