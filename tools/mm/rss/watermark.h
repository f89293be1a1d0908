/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watermarks that rssd sets in place of the administrator's.  What was there
 * before is kept with the container, too, so that it outlives an rssd that is
 * killed.
 */
#ifndef RSS_WATERMARK_H
#define RSS_WATERMARK_H

#include <stdbool.h>

#include "container.h"

struct watermark {
	bool taken;
	unsigned long long set;
	unsigned long long former;
};

/* Returns 0 or a negative errno. */
int watermark_take(struct watermark *mark, const struct container *c,
		   unsigned long long value);

/* Sets the former one, unless it was changed by another program meanwhile. */
void watermark_give_back(struct watermark *mark, const struct container *c);

/* The same for all that an earlier rssd has left. */
void watermarks_give_back(const struct hierarchy *h);

#endif
