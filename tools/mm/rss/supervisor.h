/* SPDX-License-Identifier: GPL-2.0-only */
/* All containers that rssd watches, and the changes of the hierarchy. */
#ifndef RSS_SUPERVISOR_H
#define RSS_SUPERVISOR_H

#include "watched.h"

struct supervisor {
	const struct hierarchy *h;
	struct policy policy;
	int inotify;
	struct watched **watched;	/* in the order of walk() */
	size_t nr;
	size_t next;		/* whose turn it is next, if it is busy */
};

void supervisor_init(struct supervisor *s, const struct hierarchy *h);

/* Looks at the whole hierarchy: what has come, gone, or other marks now. */
void supervisor_sync(struct supervisor *s);

/*
 * Sleeps until something happens, @fd becomes readable or it is the turn of
 * a busy container, and acts on it.  Returns whether @fd is readable.
 */
bool supervisor_step(struct supervisor *s, int fd);

/* Forgets all containers and takes their watermarks away. */
void supervisor_end(struct supervisor *s);

#endif
