/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values of a container, the same for both versions of the hierarchy.
 * Sizes are in bytes.  Functions return 0 or a negative errno.
 */
#ifndef RSS_ATTR_H
#define RSS_ATTR_H

#include <stdbool.h>

#include "hierarchy.h"

enum attr {
	ATTR_USAGE,
	ATTR_LIMIT,
	ATTR_PEAK,
	ATTR_WATERMARK,
	ATTR_FAILCNT,
	ATTR_RECLAIMED,
	ATTR_OOM,
	ATTR_OOM_KILL,
	NR_ATTRS
};

const char *attr_name(enum attr id);
bool attr_is_size(enum attr id);

/* The control file that has the value. */
const char *attr_file(const struct hierarchy *h, enum attr id);

/* @dir is the directory of the container. */
int attr_read(const struct hierarchy *h, int dir, enum attr id,
	      unsigned long long *value);
int attr_write(const struct hierarchy *h, int dir, enum attr id,
	       unsigned long long value);

/* Some values are changed by any user, others by resetting them to 0 only. */
bool attr_can_set(const struct hierarchy *h, enum attr id);
bool attr_can_reset(const struct hierarchy *h, enum attr id);

#endif
