/* SPDX-License-Identifier: GPL-2.0-only */
/* A container that rssd keeps below its high mark. */
#ifndef RSS_WATCHED_H
#define RSS_WATCHED_H

#include <stdbool.h>
#include <sys/types.h>

#include "config.h"
#include "container.h"

enum watched_state {
	WATCHED_IDLE,		/* until an event */
	WATCHED_BUSY,		/* is being reclaimed from, by turns */
	WATCHED_WAITING,	/* nothing could be reclaimed; until a time */
	WATCHED_GONE,		/* until the next look at the hierarchy */
};

struct watched {
	struct container c;
	ino_t ino;		/* another container can have the same name */
	int events;		/* the file to poll() */
	unsigned long long high, low;	/* bytes; no mark: SIZE_UNLIMITED */
	enum watched_state state;
	double backoff;		/* seconds; 0 if all went well of late */
	double until;		/* when waiting ends, by the monotonic clock */
};

/* What all of them share. */
struct policy {
	struct config config;
	bool dry_run;
};

/*
 * Begins to watch a container. Takes over nothing of @c. Returns NULL if it
 * can't be watched: it may have gone, or not have the controller.
 */
struct watched *watched_new(const struct container *c);

/* Is it this container? */
bool watched_is(const struct watched *w, const struct container *c);

/* Containers of v1 can be renamed. */
void watched_rename(struct watched *w, const char *name);

/* Sets the marks by a rule, and looks whether usage is above. */
void watched_set(struct watched *w, const struct policy *policy,
		 const struct rule *rule);

/* After an event, or when waiting is over. */
void watched_check(struct watched *w, const struct policy *policy);

/* Its turn, when it is busy. */
void watched_turn(struct watched *w, const struct policy *policy);

/* Ends watching; with @unset, takes the watermark away, too. */
void watched_free(struct watched *w, bool unset);

#endif
