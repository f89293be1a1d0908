// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "clock.h"
#include "message.h"
#include "sample.h"
#include "size.h"
#include "utf8.h"
#include "walk.h"

struct taking {
	struct samples *now;
	const struct samples *before;
	unsigned int attrs;
	size_t hint;
};

static const char * const order_names[NR_ORDERS] = {
	[ORDER_USAGE] = "usage",
	[ORDER_RATE] = "rate",
	[ORDER_FAILCNT] = "failcnt",
	[ORDER_NAME] = "name",
	[ORDER_SHARE] = "share",
	[ORDER_LIMIT] = "limit",
	[ORDER_PEAK] = "peak",
	[ORDER_KILLS] = "kills",
};

const char *order_name(enum order order)
{
	return order_names[order];
}

/*
 * Containers are mostly where they were: the search begins behind the one
 * that was found last.
 */
static const struct sample *find(struct taking *t, const char *name)
{
	size_t i, at, nr = t->before ? t->before->nr : 0;

	for (i = 0; i < nr; i++) {
		at = (t->hint + i) % nr;
		if (strcmp(t->before->sample[at].name, name))
			continue;
		t->hint = at + 1;
		return &t->before->sample[at];
	}
	return NULL;
}

static double rate(const struct record *now, const struct record *before,
		   double seconds)
{
	unsigned long long a = before->value[ATTR_RECLAIMED];
	unsigned long long b = now->value[ATTR_RECLAIMED];

	if (!now->valid[ATTR_RECLAIMED] || !before->valid[ATTR_RECLAIMED] ||
	    seconds <= 0)
		return -1;
	/* A container can have gone and another have taken its name. */
	return b < a ? -1 : (b - a) / seconds;
}

static void take(struct container *c, void *arg)
{
	struct taking *t = arg;
	const struct sample *before;
	struct sample *s;

	if (!strcmp(c->name, "/"))
		return;
	t->now->sample = allocated(reallocarray(t->now->sample, t->now->nr + 1,
						sizeof(*s)));
	s = &t->now->sample[t->now->nr];
	if (record_read_some(&s->record, c, t->attrs))
		return;
	t->now->nr++;
	s->name = allocated(strdup(c->name));
	s->shown = utf8_shown(c->name);
	before = find(t, s->name);
	s->rate = before ? rate(&s->record, &before->record,
				t->now->time - t->before->time) : -1;
}

void samples_take(struct samples *now, const struct samples *before,
		  const struct hierarchy *h, const char *top,
		  unsigned int attrs)
{
	struct taking t = { now, before, attrs, 0 };

	*now = (struct samples){ .time = monotonic_seconds() };
	now->err = walk(h, top, take, &t);
}

void samples_copy(struct samples *to, const struct samples *from)
{
	size_t i;

	*to = *from;
	to->sample = NULL;
	if (from->nr)
		to->sample = allocated(calloc(from->nr, sizeof(*to->sample)));
	for (i = 0; i < from->nr; i++) {
		to->sample[i] = from->sample[i];
		to->sample[i].name = allocated(strdup(from->sample[i].name));
		to->sample[i].shown = allocated(strdup(from->sample[i].shown));
	}
}

static int compare_values(const struct record *a, const struct record *b,
			  enum attr id)
{
	unsigned long long x = a->valid[id] ? a->value[id] : 0;
	unsigned long long y = b->valid[id] ? b->value[id] : 0;

	return (x < y) - (x > y);
}

static int by_name(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return strverscmp(x->name, y->name);
}

static int by_usage(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return compare_values(&x->record, &y->record, ATTR_USAGE) ?:
	       by_name(a, b);
}

static int by_failcnt(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return compare_values(&x->record, &y->record, ATTR_FAILCNT) ?:
	       by_name(a, b);
}

static int by_rate(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return (x->rate < y->rate) - (x->rate > y->rate) ?: by_name(a, b);
}

/* Without a limit, there is no share of it. */
static double share(const struct record *r)
{
	unsigned long long limit = r->value[ATTR_LIMIT];

	if (!r->valid[ATTR_LIMIT] || limit == SIZE_UNLIMITED)
		return -1;
	return limit ? (double)r->value[ATTR_USAGE] / limit : 0;
}

static int by_share(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	double m = share(&x->record), n = share(&y->record);

	return (m < n) - (m > n) ?: by_name(a, b);
}

static int by_limit(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return compare_values(&x->record, &y->record, ATTR_LIMIT) ?:
	       by_name(a, b);
}

static int by_peak(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return compare_values(&x->record, &y->record, ATTR_PEAK) ?:
	       by_name(a, b);
}

static int by_kills(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;

	return compare_values(&x->record, &y->record, ATTR_OOM_KILL) ?:
	       by_name(a, b);
}

void samples_sort(struct samples *samples, enum order order)
{
	static int (* const compare[NR_ORDERS])(const void *, const void *) = {
		[ORDER_USAGE] = by_usage,
		[ORDER_RATE] = by_rate,
		[ORDER_FAILCNT] = by_failcnt,
		[ORDER_NAME] = by_name,
		[ORDER_SHARE] = by_share,
		[ORDER_LIMIT] = by_limit,
		[ORDER_PEAK] = by_peak,
		[ORDER_KILLS] = by_kills,
	};

	if (samples->nr)
		qsort(samples->sample, samples->nr, sizeof(*samples->sample),
		      compare[order]);
}

void samples_free(struct samples *samples)
{
	while (samples->nr--) {
		free(samples->sample[samples->nr].name);
		free(samples->sample[samples->nr].shown);
	}
	free(samples->sample);
}
