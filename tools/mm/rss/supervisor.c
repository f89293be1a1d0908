// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "attr.h"
#include "clock.h"
#include "message.h"
#include "status.h"
#include "supervisor.h"
#include "walk.h"

/*
 * The hierarchy is looked at anew, with the watched containers of before at
 * hand. They are in the same order, so the search begins behind the last hit.
 */
struct sync {
	struct supervisor *s;
	struct watched **old;
	size_t nr_old;
	size_t hint;
};

void supervisor_init(struct supervisor *s, const struct hierarchy *h)
{
	s->h = h;
	s->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (s->inotify < 0)
		fail(STATUS_FAILED, "inotify: %s", strerror(errno));
}

static void add_watch(const struct supervisor *s, const struct container *c,
		      const char *file, unsigned int mask)
{
	char *path = format("%s/%s/%s", s->h->path, c->name, file);

	if (inotify_add_watch(s->inotify, path, mask) < 0 && errno != ENOENT)
		message(LOG_ERR, "watching %s: %s", path, strerror(errno));
	free(path);
}

/* Takes a container out of the old ones. */
static struct watched *take(struct sync *sync, const struct container *c)
{
	struct watched *w;
	size_t i, at;

	for (i = 0; i < sync->nr_old; i++) {
		at = (sync->hint + i) % sync->nr_old;
		w = sync->old[at];
		if (!w || !watched_is(w, c))
			continue;
		watched_rename(w, c->name);
		sync->old[at] = NULL;
		sync->hint = at + 1;
		return w;
	}
	return NULL;
}

static void visit(struct container *c, void *arg)
{
	struct sync *sync = arg;
	struct supervisor *s = sync->s;
	const struct rule *rule;
	struct watched *w;

	/* Before its children are looked up: later ones make an event. */
	add_watch(s, c, "", IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR);
	if (s->h->version == 2)
		add_watch(s, c, "cgroup.subtree_control", IN_MODIFY);
	if (!strcmp(c->name, "/"))
		return;
	rule = config_rule(&s->policy.config, c->name);
	if (!rule)
		return;
	w = take(sync, c) ?: watched_new(c);
	if (!w)
		return;
	s->watched = allocated(reallocarray(s->watched, s->nr + 1, sizeof(w)));
	s->watched[s->nr++] = w;
	/* Shares of the limit change with it. */
	if (rule->high.is_percent)
		add_watch(s, c, attr_file(s->h, ATTR_LIMIT), IN_MODIFY);
	watched_set(w, &s->policy, rule);
}

void supervisor_sync(struct supervisor *s)
{
	struct sync sync = { s, s->watched, s->nr };
	size_t i;

	s->watched = NULL;
	s->nr = 0;
	walk(s->h, "/", visit, &sync);
	for (i = 0; i < sync.nr_old; i++)
		if (sync.old[i])
			watched_free(sync.old[i], !s->policy.dry_run);
	free(sync.old);
}

/* Returns whether there was more than watches that have ended. */
static bool drain(int inotify)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	const struct inotify_event *event;
	bool any = false;
	ssize_t len, at;

	while ((len = read(inotify, &buffer, sizeof(buffer))) > 0) {
		for (at = 0; at < len; at += sizeof(*event) + event->len) {
			event = (const void *)(buffer.bytes + at);
			any |= !(event->mask & IN_IGNORED);
		}
	}
	return any;
}

/* Milliseconds that poll() may sleep, -1 for ever. */
static int longest_sleep(const struct supervisor *s)
{
	double ms, least = INFINITY;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		if (s->watched[i]->state == WATCHED_BUSY)
			return 0;
		if (s->watched[i]->state != WATCHED_WAITING)
			continue;
		ms = (s->watched[i]->until - monotonic_seconds()) * 1000;
		least = fmin(least, fmax(ceil(ms), 0));
	}
	return isinf(least) ? -1 : least;
}

/* The next busy container, behind the one that had a turn last. */
static void give_turn(struct supervisor *s)
{
	struct watched *w;
	size_t i, at;

	for (i = 0; i < s->nr; i++) {
		at = (s->next + i) % s->nr;
		w = s->watched[at];
		if (w->state != WATCHED_BUSY)
			continue;
		watched_turn(w, &s->policy);
		s->next = at + 1;
		return;
	}
}

static void check(struct supervisor *s, const struct pollfd *polls)
{
	double now = monotonic_seconds();
	struct watched *w;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		w = s->watched[i];
		if ((w->state == WATCHED_IDLE && polls[i].revents) ||
		    (w->state == WATCHED_WAITING && now >= w->until))
			watched_check(w, &s->policy);
	}
}

bool supervisor_step(struct supervisor *s, int fd)
{
	struct pollfd *polls = allocated(calloc(s->nr + 2, sizeof(*polls)));
	struct pollfd *inotify = &polls[s->nr], *other = &polls[s->nr + 1];
	bool readable;
	size_t i;

	for (i = 0; i < s->nr; i++) {
		polls[i].fd = -1;
		polls[i].events = POLLPRI;
		if (s->watched[i]->state == WATCHED_IDLE)
			polls[i].fd = s->watched[i]->events;
	}
	*inotify = (struct pollfd){ .fd = s->inotify, .events = POLLIN };
	*other = (struct pollfd){ .fd = fd, .events = POLLIN };

	if (poll(polls, s->nr + 2, longest_sleep(s)) < 0 && errno != EINTR)
		fail(STATUS_FAILED, "poll: %s", strerror(errno));
	check(s, polls);
	give_turn(s);
	if (inotify->revents && drain(s->inotify))
		supervisor_sync(s);
	readable = other->revents;
	free(polls);
	return readable;
}

void supervisor_end(struct supervisor *s)
{
	while (s->nr)
		watched_free(s->watched[--s->nr], !s->policy.dry_run);
	free(s->watched);
	close(s->inotify);
}
