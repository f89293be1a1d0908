/* SPDX-License-Identifier: GPL-2.0-only */
/* The containers of a subtree. */
#ifndef RSS_WALK_H
#define RSS_WALK_H

#include <stddef.h>

#include "container.h"

/*
 * Calls @fn for the container @top and all below it, parents before their
 * children, each before its own children are looked up.  Containers that
 * come or go meanwhile may be left out.
 */
typedef void (*walk_fn)(struct container *c, void *arg);
void walk(const struct hierarchy *h, const char *top, walk_fn fn, void *arg);

/* The names of those containers, in that order. */
struct names {
	char **name;
	size_t nr;
};

void names_below(struct names *names, const struct hierarchy *h,
		 const char *top);
void names_free(struct names *names);

#endif
