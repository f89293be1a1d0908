// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "events.h"
#include "message.h"
#include "record.h"
#include "status.h"

struct watch {
	struct container c;
	int events;		/* the file */
	int removal;		/* inotify: the container's end */
	bool wanted[NR_EVENTS];
	bool json;
};

static void choose(struct watch *w, const struct command_line *cl, char **names)
{
	int event;

	for (event = 0; event < NR_EVENTS; event++)
		w->wanted[event] = !*names;
	for (; *names; names++) {
		event = event_find(*names);
		if (event < 0)
			command_misused(cl, "no such event: '%s'", *names);
		w->wanted[event] = true;
	}
}

/*
 * A reader in poll() is not told that a container is removed; whoever
 * watches its directory or that above is.
 */
static void watch_removal(struct watch *w)
{
	char *path = format("%s/%s", w->c.h->path, w->c.name);
	char *above = format("%s/..", path);

	w->removal = inotify_init1(IN_CLOEXEC);
	if (w->removal < 0)
		fail(STATUS_FAILED, "inotify: %s", strerror(errno));
	if (inotify_add_watch(w->removal, above, IN_DELETE | IN_ONLYDIR) < 0)
		container_fail(&w->c, events_file(w->c.h), -errno);
	free(path);
	free(above);
}

static void read_events(const struct watch *w, unsigned long long *counts)
{
	int err = events_read(w->events, counts);

	if (err)
		container_fail(&w->c, events_file(w->c.h), err);
}

/* Prints what has changed; returns whether anything wanted has. */
static bool report(const struct watch *w, const unsigned long long *before,
		   const unsigned long long *now)
{
	struct json_object *json = allocated(json_object_new_object());
	bool any = false;
	int event;

	for (event = 0; event < NR_EVENTS; event++) {
		if (!w->wanted[event] || now[event] == before[event])
			continue;
		any = true;
		if (w->json)
			json_object_object_add(json, event_name(event),
					       json_object_new_uint64(now[event]));
		else
			printf("%s %llu\n", event_name(event), now[event]);
	}
	if (w->json && any)
		json_print(json, false);
	else
		json_object_put(json);
	return any;
}

static long long now_ms(void)
{
	return monotonic_seconds() * 1000;
}

static void drain(int inotify)
{
	char buffer[4096];

	if (read(inotify, buffer, sizeof(buffer)) < 0)
		fail(STATUS_FAILED, "inotify: %s", strerror(errno));
}

/* @timeout is in milliseconds; negative for none. */
static int wait_for_event(struct watch *w, long long timeout)
{
	unsigned long long before[NR_EVENTS], now[NR_EVENTS];
	long long end = now_ms() + timeout, left = -1;
	struct pollfd polls[] = {
		{ .fd = w->events, .events = POLLPRI },
		{ .fd = w->removal, .events = POLLIN },
	};

	read_events(w, before);
	for (;;) {
		if (timeout >= 0)
			left = end > now_ms() ? end - now_ms() : 0;
		if (poll(polls, 2, left) < 0 && errno != EINTR)
			fail(STATUS_FAILED, "poll: %s", strerror(errno));
		read_events(w, now);
		if (report(w, before, now))
			return 0;
		if (polls[1].revents)
			drain(w->removal);
		if (!left)
			return STATUS_TIMED_OUT;
	}
}

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "timeout", required_argument, NULL, 't' },
		{ }
	};
	long long timeout = -1;
	struct watch w = { };
	int option, status;
	char **args;

	while ((option = command_option(cl, options, false)) > 0) {
		if (option == 't')
			timeout = command_seconds(cl, optarg) * 1000;
		else
			w.json = true;
	}
	if (optind < cl->argc)
		choose(&w, cl, cl->argv + optind + 1);
	args = command_arguments(cl, 1, cl->argc);
	container_open(&w.c, &cl->h, args[0]);
	w.events = openat(w.c.dir, events_file(&cl->h), O_RDONLY | O_CLOEXEC);
	if (w.events < 0)
		container_fail(&w.c, events_file(&cl->h), -errno);
	watch_removal(&w);
	status = wait_for_event(&w, timeout);
	close(w.events);
	close(w.removal);
	container_close(&w.c);
	return status;
}

const struct command command_wait_event = {
	.name = "wait-event",
	.arguments = "NAME [EVENT]...",
	.summary = "Waits for an event: watermark, limit, oom, oom_kill",
	.options = "  -j, --json          JSON\n"
		   "  -t, --timeout SECS  give up after so many seconds\n",
	.run = run,
};
