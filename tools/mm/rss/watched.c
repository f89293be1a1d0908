// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attr.h"
#include "clock.h"
#include "events.h"
#include "message.h"
#include "reclaim.h"
#include "size.h"
#include "status.h"
#include "turn.h"
#include "watched.h"

/* Longer than it takes the kernel to make the files of a container. */
#define FILES_US	100000

static ino_t inode_of(const struct container *c)
{
	struct stat st;

	return fstat(c->dir, &st) ? 0 : st.st_ino;
}

/*
 * In v2 a container can be without the whole controller, and get it later, one
 * file after the other. A kernel that has no events is nothing for rssd.
 */
static void explain_no_events(const struct container *c, int err)
{
	const char *usage = attr_file(c->h, ATTR_USAGE);

	if (err == -ENOENT && !faccessat(c->dir, usage, F_OK, 0)) {
		usleep(FILES_US);
		if (faccessat(c->dir, events_file(c->h), F_OK, 0) &&
		    !faccessat(c->dir, usage, F_OK, 0))
			container_fail(c, events_file(c->h), err);
	}
	if (err != -ENOENT && err != -ENODEV)
		message(LOG_ERR, "%s: %s: %s", c->name, events_file(c->h),
			strerror(-err));
}

struct watched *watched_new(const struct container *c)
{
	struct watched *w = allocated(calloc(1, sizeof(*w)));

	if (container_try_open(&w->c, c->h, c->name)) {
		free(w);
		return NULL;
	}
	w->ino = inode_of(&w->c);
	w->high = SIZE_UNLIMITED;
	w->low = SIZE_UNLIMITED;
	w->events = openat(w->c.dir, events_file(c->h), O_RDONLY | O_CLOEXEC);
	if (w->events < 0) {
		explain_no_events(&w->c, -errno);
		container_close(&w->c);
		free(w);
		return NULL;
	}
	return w;
}

bool watched_is(const struct watched *w, const struct container *c)
{
	return w->state != WATCHED_GONE && w->ino == inode_of(c);
}

void watched_rename(struct watched *w, const char *name)
{
	if (!strcmp(w->c.name, name))
		return;
	free(w->c.name);
	w->c.name = allocated(strdup(name));
}

/*
 * The container is no more, or has become useless, which is reported: the next
 * look at the hierarchy will tell.
 */
static void failed(struct watched *w, const char *file, int err)
{
	w->state = WATCHED_GONE;
	if (err != -ENODEV && err != -ENOENT)
		message(LOG_ERR, "%s: %s: %s", w->c.name, file, strerror(-err));
}

static void set_watermark(struct watched *w, const struct policy *policy)
{
	char high[SIZE_TEXT], low[SIZE_TEXT];
	int err;

	size_text(w->high, high);
	if (policy->dry_run) {
		message(LOG_NOTICE, "%s: would set the watermark to %s",
			w->c.name, high);
		return;
	}
	err = attr_write(w->c.h, w->c.dir, ATTR_WATERMARK, w->high);
	if (err)
		failed(w, attr_file(w->c.h, ATTR_WATERMARK), err);
	else
		message(LOG_INFO, "%s: marks are %s and %s", w->c.name, high,
			size_text(w->low, low));
}

void watched_set(struct watched *w, const struct policy *policy,
		 const struct rule *rule)
{
	unsigned long long limit = SIZE_UNLIMITED, high, low;
	int err;

	err = attr_read(w->c.h, w->c.dir, ATTR_LIMIT, &limit);
	if (err) {
		failed(w, attr_file(w->c.h, ATTR_LIMIT), err);
		return;
	}
	high = mark_bytes(rule->high, limit);
	low = mark_bytes(rule->low, limit);
	if (w->high != high || w->low != low) {
		w->high = high;
		w->low = low;
		set_watermark(w, policy);
	}
	/* A watermark that was set below usage is no event. */
	if (w->state == WATCHED_IDLE)
		watched_check(w, policy);
}

static bool read_usage(struct watched *w, unsigned long long *usage)
{
	int err = attr_read(w->c.h, w->c.dir, ATTR_USAGE, usage);

	if (err)
		failed(w, attr_file(w->c.h, ATTR_USAGE), err);
	return !err;
}

void watched_check(struct watched *w, const struct policy *policy)
{
	char now[SIZE_TEXT], high[SIZE_TEXT], low[SIZE_TEXT];
	unsigned long long counts[NR_EVENTS], usage;
	int err;

	/* First the events: a crossing after this wakes poll() again. */
	err = events_read(w->events, counts);
	if (err) {
		failed(w, events_file(w->c.h), err);
		return;
	}
	if (!read_usage(w, &usage))
		return;
	w->state = WATCHED_IDLE;
	if (w->high == SIZE_UNLIMITED || usage <= w->high) {
		w->backoff = 0;
		return;
	}
	message(policy->dry_run ? LOG_NOTICE : LOG_INFO,
		"%s: %s is above %s, %s to %s", w->c.name,
		size_text(usage, now), size_text(w->high, high),
		policy->dry_run ? "would shrink" : "shrinking",
		size_text(w->low, low));
	if (!policy->dry_run)
		w->state = WATCHED_BUSY;
}

static void back_off(struct watched *w, const struct policy *policy, int err)
{
	const struct config *config = &policy->config;
	bool first = !w->backoff;

	w->backoff = first ? config->backoff : 2 * w->backoff;
	if (w->backoff > config->backoff_max)
		w->backoff = config->backoff_max;
	w->until = monotonic_seconds() + w->backoff;
	w->state = WATCHED_WAITING;
	if (first)
		message(LOG_WARNING, "%s: %s: %s; trying again from time to time",
			w->c.name, reclaim_file(w->c.h),
			err == -EBUSY ? "not enough can be reclaimed" :
			strerror(-err));
}

void watched_turn(struct watched *w, const struct policy *policy)
{
	unsigned long long usage, target;
	char now[SIZE_TEXT];
	int err;

	if (!read_usage(w, &usage))
		return;
	if (usage <= w->low) {
		message(LOG_INFO, "%s: is at %s", w->c.name,
			size_text(usage, now));
		w->state = WATCHED_IDLE;
		w->backoff = 0;
		return;
	}
	target = usage - w->low > policy->config.step ?
		 usage - policy->config.step : w->low;
	err = turn_reclaim(&w->c, usage, target);
	if (err == -ENODEV || err == -ENOENT)
		w->state = WATCHED_GONE;
	else if (err)
		back_off(w, policy, err);
	else
		w->backoff = 0;
}

void watched_free(struct watched *w, bool unset)
{
	if (unset && w->high != SIZE_UNLIMITED)
		attr_write(w->c.h, w->c.dir, ATTR_WATERMARK, SIZE_UNLIMITED);
	close(w->events);
	container_close(&w->c);
	free(w);
}
