/* SPDX-License-Identifier: GPL-2.0-only */
/* A turn of reclaim, which is bounded so that it is another's turn soon. */
#ifndef RSS_TURN_H
#define RSS_TURN_H

#include "container.h"

void turn_init(void);

/*
 * Reclaims from @usage towards @target for a while at most.  Returns 0 if that
 * got anywhere, although the container may have mapped as much meanwhile;
 * -EBUSY if it did not, or another negative errno.
 */
int turn_reclaim(const struct container *c, unsigned long long usage,
		 unsigned long long target);

#endif
