/* SPDX-License-Identifier: GPL-2.0-only */
/* The containers of a subtree. */
#ifndef RSS_WALK_H
#define RSS_WALK_H

#include "container.h"

/*
 * Calls @fn for the container @top and all below it, parents before their
 * children, each before its own children are looked up.  Containers that
 * come or go meanwhile may be left out.  Returns 0, or a negative errno if
 * others were left out, too.
 */
typedef void (*walk_fn)(struct container *c, void *arg);
int walk(const struct hierarchy *h, const char *top, walk_fn fn, void *arg);

/*
 * Calls @fn for each container right below the one that @dir is open for.
 * @parent is @dir, @name is how the child is called there.  Returns the first
 * error of @fn, or why a child could not be opened.
 */
typedef int (*child_fn)(int parent, const char *name, int dir, void *arg);
int children_each(int dir, child_fn fn, void *arg);

#endif
