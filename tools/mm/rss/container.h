/* SPDX-License-Identifier: GPL-2.0-only */
/* A container: a directory of the hierarchy. */
#ifndef RSS_CONTAINER_H
#define RSS_CONTAINER_H

#include "compiler.h"
#include "hierarchy.h"

struct container {
	const struct hierarchy *h;
	char *name;		/* relative to the hierarchy, "/" for its root */
	int dir;
};

/*
 * The name in its one form, without slashes around it.  Returns NULL if it
 * is none: "a//b" and "a/../b", for example.
 */
char *container_name(const char *text);

/* Opens by a name of that form.  Returns 0 or a negative errno. */
int container_try_open(struct container *c, const struct hierarchy *h,
		       const char *name);

/* Opens by a name as users write it, or ends the program. */
void container_open(struct container *c, const struct hierarchy *h,
		    const char *name);
void container_close(struct container *c);

/*
 * Says why @file could not be read or written, by a negative errno.  Returns
 * the exit status for it.
 */
int container_explain(const struct container *c, const char *file, int err);

/* The same, and ends the program. */
__noreturn void
container_fail(const struct container *c, const char *file, int err);

#endif
