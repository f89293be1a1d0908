/* SPDX-License-Identifier: GPL-2.0-only */
/* Reclaim that user space asks for. */
#ifndef RSS_RECLAIM_H
#define RSS_RECLAIM_H

#include "container.h"

/* The control file for it. */
const char *reclaim_file(const struct hierarchy *h);

/*
 * Reclaims until the usage is at most @target.  Returns 0 or a negative
 * errno: EBUSY if no more can be reclaimed, or if as much is mapped meanwhile.
 */
int reclaim_to(const struct container *c, unsigned long long target);

/*
 * The same, but tries once only: a container that maps pages as fast as they
 * are reclaimed may be above @target afterwards.  EINTR after a signal.  @usage is
 * its usage.
 */
int reclaim_once(const struct container *c, unsigned long long usage,
		 unsigned long long target);

#endif
