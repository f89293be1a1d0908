/* SPDX-License-Identifier: GPL-2.0 */
/* Contents of rss_events, and notification of changes. */
#ifndef RSS_EVENTS_H
#define RSS_EVENTS_H

#include <stdbool.h>

enum event {
	EVENT_WATERMARK,
	EVENT_LIMIT,
	EVENT_OOM,
	EVENT_OOM_KILL,
	NR_EVENTS,
};

struct events {
	long count[NR_EVENTS];
};

/* Fails the case unless the file has a line for each, in this order. */
struct events events_read(const char *container);

long events_get(const char *container, enum event event);

/* Checks all four counts. */
void events_expect(const char *container, struct events expected);

enum watch_way { WATCH_POLL, WATCH_INOTIFY, NR_WATCH_WAYS };

/* A reader that reads the file only when woken. */
struct watch {
	enum watch_way way;
	int fd;			/* the file */
	int notify;		/* inotify for it */
	long wakeups;
	struct events seen;	/* as of the last wake-up */
};

/* Reads the file once and begins to watch it. */
void watch_open(struct watch *watch, const char *container, enum watch_way way);

/* Sleeps for at most @ms milliseconds; if woken, reads the file. */
bool watch_sleep(struct watch *watch, int ms);

/* Sleeps repeatedly until it has seen @count of an event. */
void watch_until(struct watch *watch, enum event event, long count);

/* Checks that there is no wake-up for @ms milliseconds. */
void watch_quiet(struct watch *watch, int ms);

#endif
