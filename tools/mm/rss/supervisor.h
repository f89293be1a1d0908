/* SPDX-License-Identifier: GPL-2.0-only */
/* All containers that rssd watches, and the changes of the hierarchy. */
#ifndef RSS_SUPERVISOR_H
#define RSS_SUPERVISOR_H

#include <sys/queue.h>

#include "node.h"
#include "watched.h"

TAILQ_HEAD(watched_list, watched);

struct supervisor {
	const struct hierarchy *h;
	struct policy policy;
	struct nodes nodes;
	struct node *root;
	int epoll;
	size_t nr;			/* that are watched */
	struct watched_list busy;	/* the next one whose turn it is first */
	struct watched_list waiting;	/* for a time */
	unsigned long look;		/* at the whole hierarchy, counted */
	int lacking;			/* why not all are watched, an errno */
	double again;			/* ... and when to try it again */

	/* The first half of a rename, by inotify's cookie */
	unsigned int moving;
	char *moved;
};

/* @fd is for supervisor_step(). */
void supervisor_init(struct supervisor *s, const struct hierarchy *h, int fd);

/* Looks at the whole hierarchy: what has come, gone, or other marks now. */
void supervisor_sync(struct supervisor *s);

/* Are there containers whose files the kernel is still making? */
bool supervisor_is_starting(const struct supervisor *s);

/* Why not all containers are watched that the configuration names, or NULL. */
const char *supervisor_lacks(const struct supervisor *s);

/*
 * Sleeps until something happens, the other file becomes readable or it is the
 * turn of a busy container, and acts on it.  Returns whether the file is
 * readable.
 */
bool supervisor_step(struct supervisor *s);

/* Forgets all containers and takes their watermarks away. */
void supervisor_end(struct supervisor *s);

#endif
