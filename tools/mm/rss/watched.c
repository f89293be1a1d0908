// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/resource.h>
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

/* How often, and after how many seconds each, events are looked for */
#define TRIES		20
#define TRY_SECONDS	0.1

/* Files that take a while only: a control file to read or write, directories */
#define SPARE_FILES	64

static bool is_spare(int fd)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_NOFILE, &limit) &&
	       (rlim_t)fd + SPARE_FILES >= limit.rlim_cur;
}

/*
 * The kernel makes the files of a container one after the other, and users can
 * look at them already.
 */
static int open_events(struct watched *w)
{
	w->events = openat(w->c.dir, events_file(w->c.h), O_RDONLY | O_CLOEXEC);
	if (w->events >= 0) {
		w->state = WATCHED_IDLE;
		return is_spare(w->events) ? -EMFILE : 0;
	}
	if (errno != ENOENT)
		return -errno;
	w->state = WATCHED_LATE;
	w->until = monotonic_seconds() + TRY_SECONDS;
	if (++w->tries > TRIES) {
		w->state = WATCHED_GONE;
		container_explain(&w->c, events_file(w->c.h), -ENOENT);
	}
	return 0;
}

struct watched *watched_new(const struct container *c, int *err)
{
	struct watched *w;

	*err = 0;
	if (faccessat(c->dir, attr_file(c->h, ATTR_USAGE), F_OK, 0))
		return NULL;
	w = allocated(calloc(1, sizeof(*w)));
	w->c.h = c->h;
	w->c.name = allocated(strdup(c->name));
	w->high = SIZE_UNLIMITED;
	w->low = SIZE_UNLIMITED;
	w->events = -1;
	w->c.dir = fcntl(c->dir, F_DUPFD_CLOEXEC, 0);
	*err = w->c.dir < 0 ? -errno : open_events(w);
	if (*err) {
		watched_free(w, false);
		return NULL;
	}
	return w;
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
	if (w->high == SIZE_UNLIMITED) {
		watermark_give_back(&w->watermark, &w->c);
		return;
	}
	err = watermark_take(&w->watermark, &w->c, w->high);
	if (err)
		failed(w, attr_file(w->c.h, ATTR_WATERMARK), err);
	else
		message(LOG_INFO, "%s: marks are %s and %s", w->c.name, high,
			size_text(w->low, low));
}

/*
 * Once, when the container appears or the rule changes: rssd does not undo what
 * an administrator sets later.
 */
static void set_limit(struct watched *w, const struct policy *policy,
		      unsigned long long limit)
{
	const char *file = attr_file(w->c.h, ATTR_LIMIT);
	char text[SIZE_TEXT];
	int err = 0;

	if (w->has_limit && w->limit == limit)
		return;
	w->has_limit = true;
	w->limit = limit;
	if (!policy->dry_run)
		err = attr_write(w->c.h, w->c.dir, ATTR_LIMIT, limit);
	if (err == -EBUSY)
		message(LOG_ERR, "%s: %s: not enough can be reclaimed for a limit of %s",
			w->c.name, file, size_text(limit, text));
	else if (err)
		failed(w, file, err);
	else
		message(policy->dry_run ? LOG_NOTICE : LOG_INFO,
			"%s: %s %s", w->c.name, policy->dry_run ?
			"would set the limit to" : "the limit is",
			size_text(limit, text));
}

void watched_set(struct watched *w, const struct policy *policy,
		 const struct rule *rule)
{
	unsigned long long limit = SIZE_UNLIMITED, high, low;
	int err;

	if (w->state == WATCHED_LATE) {
		err = open_events(w);
		if (err)
			failed(w, events_file(w->c.h), err);
		if (w->state != WATCHED_IDLE)
			return;
	}
	if (rule->has_limit)
		set_limit(w, policy, share_of_memory(rule->limit));
	if (w->state == WATCHED_GONE)
		return;
	err = attr_read(w->c.h, w->c.dir, ATTR_LIMIT, &limit);
	if (err) {
		failed(w, attr_file(w->c.h, ATTR_LIMIT), err);
		return;
	}
	high = rule->has_marks ? share_bytes(rule->high, limit) :
				 SIZE_UNLIMITED;
	low = rule->has_marks ? share_bytes(rule->low, limit) : SIZE_UNLIMITED;
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
	w->since = 0;
	if (!policy->dry_run)
		w->state = WATCHED_BUSY;
}

static void back_off(struct watched *w, const struct policy *policy,
		     const char *why)
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
			w->c.name, reclaim_file(w->c.h), why);
}

/* What counts as progress is what usage has fallen by, not what was taken. */
#define MEASURE_SECONDS		0.5
#define MEASURE_AT_MOST		1
#define RETRY_SPEED		4
#define PROGRESS_SHARE		8	/* of what was taken, as 1/N */

static unsigned long long reclaimed(const struct watched *w)
{
	unsigned long long bytes;

	return attr_read(w->c.h, w->c.dir, ATTR_RECLAIMED, &bytes) ? 0 : bytes;
}

static void measure(struct watched *w, unsigned long long usage)
{
	w->since = monotonic_seconds();
	w->usage = usage;
	w->reclaimed = reclaimed(w);
}

/*
 * Tasks that map again what is reclaimed from them use it: it costs them and
 * rssd a CPU, and there is no end.  That usage is what they need.
 */
static bool is_mapped_again(struct watched *w, const struct policy *policy)
{
	double passed = monotonic_seconds() - w->since;
	unsigned long long taken, usage, fall;

	/* Another try after the first failure need not be as careful. */
	if (w->backoff)
		passed *= RETRY_SPEED;
	if (passed < MEASURE_SECONDS || !read_usage(w, &usage))
		return false;
	taken = reclaimed(w) - w->reclaimed;
	if (taken < policy->config.step / 2 && passed < MEASURE_AT_MOST)
		return false;
	fall = w->usage > usage ? w->usage - usage : 0;
	if (fall >= taken / PROGRESS_SHARE) {
		w->backoff = 0;
		measure(w, usage);
		return false;
	}
	w->floor = usage;
	w->floor_until = monotonic_seconds() + policy->config.backoff_max;
	return true;
}

static unsigned long long lowest(const struct watched *w)
{
	if (w->floor > w->low && w->floor <= w->high &&
	    monotonic_seconds() < w->floor_until)
		return w->floor;
	return w->low;
}

void watched_turn(struct watched *w, const struct policy *policy)
{
	unsigned long long usage, target, low = lowest(w);
	char now[SIZE_TEXT];
	int err;

	if (!read_usage(w, &usage))
		return;
	if (usage <= low) {
		message(LOG_INFO, "%s: is at %s", w->c.name,
			size_text(usage, now));
		w->state = WATCHED_IDLE;
		w->backoff = 0;
		return;
	}
	if (!w->since)
		measure(w, usage);
	target = usage - low > policy->config.step ?
		 usage - policy->config.step : low;
	err = turn_reclaim(&w->c, usage, target);
	if (err == -ENODEV || err == -ENOENT)
		w->state = WATCHED_GONE;
	else if (err)
		back_off(w, policy, err == -EBUSY ?
			 "not enough can be reclaimed" : strerror(-err));
	else if (is_mapped_again(w, policy))
		back_off(w, policy, "what is reclaimed is mapped again at once");
}

void watched_free(struct watched *w, bool unset)
{
	if (unset)
		watermark_give_back(&w->watermark, &w->c);
	if (w->events >= 0)
		close(w->events);
	container_close(&w->c);
	free(w);
}
