/* SPDX-License-Identifier: GPL-2.0-only */
/* Making containers, and removing them with what is in them. */
#ifndef RSS_LIFECYCLE_H
#define RSS_LIFECYCLE_H

#include "attr.h"
#include "container.h"

/*
 * Enables the controller of v2 for a container, which takes all above it.  Ends
 * the program if that fails.
 */
void container_enable(const struct hierarchy *h, const char *name);

/* Makes a container and opens it, or ends the program. */
void container_make(struct container *c, const struct hierarchy *h,
		    const char *name);

/*
 * The same for @name below @parent, or one like it if that exists: a process can
 * have the same ID in another namespace, or have left its container.
 */
void container_make_some(struct container *c, const struct hierarchy *h,
			 const char *parent, const char *name);

/*
 * Sets a value of a container that was just made, unless it is SIZE_UNLIMITED.
 * If that fails, removes the container and ends the program.
 */
void container_begin_with(const struct container *c, enum attr id,
			  unsigned long long value);

/*
 * Kills the tasks of a container and of those below it, and removes it,
 * whatever it is called by now.  Returns 0 or a negative errno.
 */
int container_remove(const struct container *c);

/* The same, but -EBUSY if there is anything in it. */
int container_remove_empty(const struct container *c);

#endif
