/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSS_LIMIT_H
#define RSS_LIMIT_H

#include "child.h"

/* A new container in the root, with a limit in pages. */
char *limited_container(const char *name, long limit);

/*
 * Checks that a limit was met and held: @highest is the highest usage seen,
 * @allowance what faults in progress may have added.
 */
void check_held(const char *container, long highest, long allowance);

/* A child takes a step that meets the limit: it survives, the limit holds. */
void child_step_limited(struct child *child, const char *container,
			long allowance);

#endif
