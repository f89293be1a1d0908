/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of containers as users write them. */
#ifndef RSS_NAME_H
#define RSS_NAME_H

#include "hierarchy.h"

/*
 * The one form of a name, for one that is to be made.  "self" is the caller's
 * own container, and a path can begin with where the hierarchy is mounted.
 * Returns NULL if it is none: "a//b" or "a/../b", for example.
 */
char *name_new(const struct hierarchy *h, const char *text);

/* The same for one that exists; then the name of a unit will do, too. */
char *name_existing(const struct hierarchy *h, const char *text);

#endif
