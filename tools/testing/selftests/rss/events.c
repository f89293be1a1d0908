// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>

#include "container.h"
#include "events.h"
#include "hierarchy.h"
#include "runner.h"

/* Printed again, the text must be the same. */
static struct events parse(const char *text)
{
	struct events events = { };
	long *count = events.count;
	char again[256];

	require(sscanf(text, "watermark %ld %*s %ld oom %ld oom_kill %ld",
		       &count[EVENT_WATERMARK], &count[EVENT_LIMIT],
		       &count[EVENT_OOM], &count[EVENT_OOM_KILL]) == NR_EVENTS,
		"rss_events reads '%s'", text);
	snprintf(again, sizeof(again),
		 "watermark %ld\n%s %ld\noom %ld\noom_kill %ld\n",
		 count[EVENT_WATERMARK], hierarchy_is_v2() ? "max" : "limit",
		 count[EVENT_LIMIT], count[EVENT_OOM], count[EVENT_OOM_KILL]);
	require(!strcmp(text, again), "rss_events reads '%s'", text);
	return events;
}

static struct events read_fd(int fd)
{
	char text[256];
	ssize_t len = pread(fd, text, sizeof(text) - 1, 0);

	require(len > 0, "reading rss_events: %s", strerror(errno));
	text[len] = 0;
	return parse(text);
}

static int open_events(const char *container)
{
	char *path = cg_control(container, control_name("rss_events"));
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	require(fd >= 0, "%s: %s", path, strerror(errno));
	free(path);
	return fd;
}

struct events events_read(const char *container)
{
	int fd = open_events(container);
	struct events events = read_fd(fd);

	close(fd);
	return events;
}

long events_get(const char *container, enum event event)
{
	return events_read(container).count[event];
}

void events_expect(const char *container, struct events expected)
{
	struct events found = events_read(container);
	const long *f = found.count, *e = expected.count;

	require(!memcmp(&found, &expected, sizeof(found)),
		"%s: watermark %ld limit %ld oom %ld oom_kill %ld, expected %ld %ld %ld %ld",
		container_path(container), f[0], f[1], f[2], f[3], e[0], e[1],
		e[2], e[3]);
}

void watch_open(struct watch *watch, const char *container, enum watch_way way)
{
	char *path = cg_control(container, control_name("rss_events"));

	watch->way = way;
	watch->wakeups = 0;
	watch->fd = open_events(container);
	watch->notify = -1;
	if (way == WATCH_INOTIFY) {
		watch->notify = inotify_init1(IN_CLOEXEC);
		require(watch->notify >= 0 &&
			inotify_add_watch(watch->notify, path, IN_MODIFY) >= 0,
			"inotify: %s", strerror(errno));
	}
	free(path);
	watch->seen = read_fd(watch->fd);
}

static bool sleep_in_poll(struct watch *watch, int ms)
{
	struct pollfd file = { .fd = watch->fd, .events = POLLPRI };

	if (poll(&file, 1, ms) != 1)
		return false;
	require(file.revents & POLLPRI, "poll() returned events %#x",
		file.revents);
	return true;
}

static bool sleep_in_inotify(struct watch *watch, int ms)
{
	struct pollfd file = { .fd = watch->notify, .events = POLLIN };
	struct inotify_event event;

	if (poll(&file, 1, ms) != 1)
		return false;
	/* The file itself is watched, so no name follows. */
	require(read(watch->notify, &event, sizeof(event)) == sizeof(event) &&
		event.mask == IN_MODIFY, "inotify returned mask %#x",
		event.mask);
	return true;
}

bool watch_sleep(struct watch *watch, int ms)
{
	bool woken = watch->way == WATCH_POLL ? sleep_in_poll(watch, ms) :
						sleep_in_inotify(watch, ms);

	if (woken) {
		watch->wakeups++;
		watch->seen = read_fd(watch->fd);
	}
	return woken;
}

void watch_until(struct watch *watch, enum event event, long count)
{
	time_t end = time(NULL) + WAIT_SECONDS;

	while (watch->seen.count[event] < count) {
		watch_sleep(watch, 1000);
		require(time(NULL) < end, "woken %ld times, saw %ld, not %ld",
			watch->wakeups, watch->seen.count[event], count);
	}
}

void watch_quiet(struct watch *watch, int ms)
{
	require(!watch_sleep(watch, ms), "woken without an event");
}
