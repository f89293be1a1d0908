/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSS_LIMIT_H
#define RSS_LIMIT_H

#include "child.h"

/* A new container right in the root, with a limit in pages. */
char *limited_container(const char *name, long limit);

/*
 * Checks that a limit was met and that it held: @highest is the highest usage
 * that was seen, @allowance what the faults under way may have added to it.
 */
void check_held(const char *container, long highest, long allowance);

/* Lets a child take a step that meets the limit: it lives and the limit holds. */
void child_step_limited(struct child *child, const char *container,
			long allowance);

#endif
