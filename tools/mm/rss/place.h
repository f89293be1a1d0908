/* SPDX-License-Identifier: GPL-2.0-only */
/* Where "run" puts a container that the user gave no name. */
#ifndef RSS_PLACE_H
#define RSS_PLACE_H

#include "hierarchy.h"

/*
 * The name of the container above it: the caller's own, so that all limits that
 * the caller is under stay in force.  In v2 there must be no processes beside
 * other containers: then rssctl steps down from there until it ends, or starts
 * again with @argv in a scope of the system manager.  Ends the program if there
 * is no room.
 */
char *place_below_own(const struct hierarchy *h, char **argv);

#endif
