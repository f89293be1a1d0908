/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Pages to migrate: the region of an actor, whose contents must not change.
 * File pages are of a file that the case made.
 */
#ifndef RSS_MIGRATE_H
#define RSS_MIGRATE_H

#include "steps.h"

/* Of mem_fill(), in all regions */
#define MIGRATE_SEED	1

/* Makes a->fd, of a->pages; the file system must be mounted. */
void migrate_make_file(struct actor *a);

/* Map the region and fill it. */
void migrate_map_anon(struct actor *a);
void migrate_map_file(struct actor *a);
/* The same by huge pages, or skip the case. */
void migrate_map_huge(struct actor *a);
void migrate_map_huge_file(struct actor *a);

void migrate_verify(struct actor *a);

#endif
