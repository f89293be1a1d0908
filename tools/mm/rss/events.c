// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "events.h"
#include "file.h"

static const char * const names[NR_EVENTS] = {
	[EVENT_WATERMARK] = "watermark",
	[EVENT_LIMIT] = "limit",
	[EVENT_OOM] = "oom",
	[EVENT_OOM_KILL] = "oom_kill",
};

const char *event_name(enum event event)
{
	return names[event];
}

int event_find(const char *name)
{
	int event;

	for (event = 0; event < NR_EVENTS; event++)
		if (!strcmp(names[event], name))
			return event;
	return -1;
}

const char *events_file(const struct hierarchy *h)
{
	return h->version == 1 ? "rss_events" : "rss.events";
}

int events_read(int fd, unsigned long long counts[NR_EVENTS])
{
	char text[FILE_TEXT];
	int event, err;

	err = file_read_fd(fd, text);
	for (event = 0; event < NR_EVENTS && !err; event++)
		if (!file_key(text, names[event], &counts[event]) &&
		    !(event == EVENT_LIMIT &&
		      file_key(text, "max", &counts[event])))
			err = -EBADMSG;		/* v2 has "max" for "limit" */
	return err;
}
