/* SPDX-License-Identifier: GPL-2.0-only */
/* A container that rssd keeps below its high mark. */
#ifndef RSS_WATCHED_H
#define RSS_WATCHED_H

#include <stdbool.h>
#include <sys/queue.h>

#include "config.h"
#include "container.h"
#include "watermark.h"

struct node;
struct watched_list;

enum watched_state {
	WATCHED_IDLE,		/* until an event */
	WATCHED_BUSY,		/* is being reclaimed from, by turns */
	WATCHED_WAITING,	/* nothing could be reclaimed; until a time */
	WATCHED_LATE,		/* the kernel is making its files; until a time */
	WATCHED_GONE,		/* is no more, or is of no use */
};

struct watched {
	TAILQ_ENTRY(watched) entry;	/* of the list that it is on */
	struct container c;
	struct node *node;	/* of the supervisor */
	int events;		/* the file to poll(), or -1 */
	unsigned long long high, low;	/* bytes; no mark: SIZE_UNLIMITED */
	struct watermark watermark;
	bool has_limit;			/* set by a rule */
	unsigned long long limit;
	enum watched_state state;
	double backoff;		/* seconds; 0 if all went well of late */
	double until;		/* when waiting ends, by the monotonic clock */
	unsigned int tries;	/* to open the events */

	/* Since when reclaim is measured, 0 if it is not, and from where */
	double since;
	unsigned long long usage, reclaimed;
	/* What tasks map again at once is not worth reclaiming for a while */
	unsigned long long floor;
	double floor_until;

	/* The supervisor's: what is polled, and has happened since */
	bool polled;
	bool pending;
	struct watched_list *list;	/* that it is on, or NULL */
};

/* What all of them share. */
struct policy {
	struct config config;
	bool dry_run;
};

/*
 * Begins to watch a container.  Takes over nothing of @c.  Returns NULL if it
 * can't be watched; *@err is 0 if it just does not have the controller.
 */
struct watched *watched_new(const struct container *c, int *err);

/* Containers of v1 can be renamed. */
void watched_rename(struct watched *w, const char *name);

/* Sets the marks by a rule, and looks whether usage is above. */
void watched_set(struct watched *w, const struct policy *policy,
		 const struct rule *rule);

/* After an event, or when waiting is over. */
void watched_check(struct watched *w, const struct policy *policy);

/* Its turn, when it is busy. */
void watched_turn(struct watched *w, const struct policy *policy);

/* Ends watching; with @unset, sets the watermark as it was, too. */
void watched_free(struct watched *w, bool unset);

#endif
