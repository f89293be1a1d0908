/* SPDX-License-Identifier: GPL-2.0-only */
/* In v2 a container has the files of controllers that its parent enabled. */
#ifndef RSS_ENABLE_H
#define RSS_ENABLE_H

#include "hierarchy.h"

/*
 * Enables the controller for a container, which takes all above it.  Returns 0
 * or a negative errno; *@where is then a name, to be freed.
 */
int enable_for(const struct hierarchy *h, const char *name, char **where);

#endif
