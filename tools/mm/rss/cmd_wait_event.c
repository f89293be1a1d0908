// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "clock.h"
#include "command.h"
#include "events.h"
#include "message.h"
#include "record.h"
#include "size.h"
#include "status.h"

struct watch {
	struct container c;
	int events;		/* the file */
	int removal;		/* inotify: the container's end */
	bool wanted[NR_EVENTS];
	bool json;
	bool follow;		/* until the container is removed */
	const char *command;	/* for the shell, at each event, or NULL */
	int failed;		/* statuses of it */

	/* What is known already, where it was given */
	bool given[NR_EVENTS];
	unsigned long long since[NR_EVENTS];
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
 * Removing a container does not wake a reader in poll(); a watch on its
 * directory or its parent reports it.
 */
static void watch_removal(struct watch *w)
{
	/* Of the directory that is open, whatever has its name by now */
	char *above = format("/proc/self/fd/%d/..", w->c.dir);

	w->removal = inotify_init1(IN_CLOEXEC);
	if (w->removal < 0)
		fail(STATUS_FAILED, "inotify: %s", strerror(errno));
	if (inotify_add_watch(w->removal, above, IN_DELETE | IN_ONLYDIR) < 0)
		container_fail(&w->c, events_file(w->c.h), -errno);
	free(above);
}

static void read_events(const struct watch *w, unsigned long long *counts)
{
	int err = events_read(w->events, counts);

	if (err)
		container_fail(&w->c, events_file(w->c.h), err);
}

/* "limit=3,oom=1", or what an earlier call has printed. */
static void parse_since(struct watch *w, const struct command_line *cl,
			const char *text)
{
	char *copy = allocated(strdup(text)), *rest = copy, *word;
	const char *number, *end;
	int event;

	while ((word = strsep(&rest, ",\n"))) {
		if (!*word)
			continue;
		number = word + strcspn(word, "= ");
		event = -1;
		if (*number) {
			word[number - word] = 0;
			event = event_find(word);
		}
		end = event < 0 ? NULL :
		      number_parse(number + 1, &w->since[event]);
		if (!end || *end)
			command_misused(cl, "not EVENT=COUNT,...: '%s'", text);
		w->given[event] = true;
	}
	free(copy);
}

/* The command learns from its environment what has happened. */
static void run_command(struct watch *w, const unsigned long long *before,
			const unsigned long long *now)
{
	char *changed = format("%s", ""), *more, *name, *count;
	int event, status;

	for (event = 0; event < NR_EVENTS; event++) {
		name = format("RSS_%s", event_name(event));
		count = format("%llu", now[event]);
		setenv(name, count, 1);
		free(name);
		free(count);
		if (!w->wanted[event] || now[event] == before[event])
			continue;
		more = format("%s%s%s", changed, *changed ? " " : "",
			      event_name(event));
		free(changed);
		changed = more;
	}
	setenv("RSS_container", w->c.name, 1);
	setenv("RSS_events", changed, 1);
	free(changed);
	status = system(w->command);
	if (status)
		w->failed = STATUS_FAILED;
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

/* Returns whether anything wanted has happened since. */
static bool look(struct watch *w, unsigned long long *before)
{
	unsigned long long now[NR_EVENTS];

	read_events(w, now);
	if (!report(w, before, now))
		return false;
	if (fflush(stdout))
		fail(STATUS_FAILED, "cannot write the output");
	if (w->command)
		run_command(w, before, now);
	memcpy(before, now, sizeof(now));
	return true;
}

/* @timeout is in milliseconds; negative for none. */
static int wait_for_event(struct watch *w, long long timeout)
{
	long long end = now_ms() + timeout, left = -1;
	unsigned long long before[NR_EVENTS];
	bool any = false;
	int event;
	struct pollfd polls[] = {
		{ .fd = w->events, .events = POLLPRI },
		{ .fd = w->removal, .events = POLLIN },
	};

	read_events(w, before);
	for (event = 0; event < NR_EVENTS; event++)
		if (w->given[event])
			before[event] = w->since[event];
	for (;;) {
		any |= look(w, before);
		if (any && !w->follow)
			return w->failed;
		if (timeout >= 0)
			left = end > now_ms() ? end - now_ms() : 0;
		if (poll(polls, 2, left) < 0 && errno != EINTR)
			fail(STATUS_FAILED, "poll: %s", strerror(errno));
		if (polls[1].revents)
			drain(w->removal);
		if (!left && !look(w, before) && !any)
			return STATUS_TIMED_OUT;
		if (!left)
			return w->failed;
	}
}

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "exec", required_argument, NULL, 'x' },
		{ "follow", no_argument, NULL, 'f' },
		{ "json", no_argument, NULL, 'j' },
		{ "since", required_argument, NULL, 's' },
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
		else if (option == 'x')
			w.command = optarg;
		else if (option == 'f')
			w.follow = true;
		else if (option == 's')
			parse_since(&w, cl, optarg);
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
	.options = "  -f, --follow        go on until the container is removed\n"
		   "  -j, --json          JSON\n"
		   "  -s, --since COUNTS  EVENT=COUNT,...: what is known already\n"
		   "  -t, --timeout SECS  give up after so many seconds\n"
		   "  -x, --exec COMMAND  have the shell run it at each event\n",
	.run = run,
};
