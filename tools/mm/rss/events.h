/* SPDX-License-Identifier: GPL-2.0-only */
/* What happens to a container, counted by the kernel. */
#ifndef RSS_EVENTS_H
#define RSS_EVENTS_H

#include "hierarchy.h"

enum event {
	EVENT_WATERMARK,
	EVENT_LIMIT,
	EVENT_OOM,
	EVENT_OOM_KILL,
	NR_EVENTS
};

const char *event_name(enum event event);

/* The event of a name, or -1. */
int event_find(const char *name);

/* The control file with the counts; poll() for POLLPRI waits for a change. */
const char *events_file(const struct hierarchy *h);

/* Reads it again. Returns 0 or a negative errno. */
int events_read(int fd, unsigned long long counts[NR_EVENTS]);

#endif
