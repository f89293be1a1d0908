/* SPDX-License-Identifier: GPL-2.0-only */
/* What a command in a container of its own has used, when it has ended. */
#ifndef RSS_SUMMARY_H
#define RSS_SUMMARY_H

#include "events.h"
#include "record.h"

struct summary {
	char *name;
	struct record record;
	bool has_events;
	unsigned long long events[NR_EVENTS];
	double stalled;		/* seconds for memory; below 0: unknown */
	double seconds;		/* that the command ran */
	int status;		/* its exit status */
};

/* While the container is still there; the other values are the caller's. */
void summary_take(struct summary *summary, const struct container *c);

/* Writes it to @file in a line for people, or in JSON, and frees it. */
void summary_print(struct summary *summary, FILE *file, bool json);

#endif
