// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "clock.h"
#include "message.h"
#include "sample.h"
#include "utf8.h"
#include "walk.h"

struct taking {
	struct samples *now;
	const struct samples *before;
	size_t hint;
};

static const char * const order_names[NR_ORDERS] = {
	[ORDER_USAGE] = "usage",
	[ORDER_RATE] = "rate",
	[ORDER_FAILCNT] = "failcnt",
	[ORDER_NAME] = "name",
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
	if (record_read(&s->record, c))
		return;
	t->now->nr++;
	s->name = allocated(strdup(c->name));
	s->shown = utf8_shown(c->name);
	before = find(t, s->name);
	s->rate = before ? rate(&s->record, &before->record,
				t->now->time - t->before->time) : -1;
}

void samples_take(struct samples *now, const struct samples *before,
		  const struct hierarchy *h, const char *top)
{
	struct taking t = { now, before, 0 };

	*now = (struct samples){ .time = monotonic_seconds() };
	now->err = walk(h, top, take, &t);
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

void samples_sort(struct samples *samples, enum order order)
{
	static int (* const compare[NR_ORDERS])(const void *, const void *) = {
		[ORDER_USAGE] = by_usage,
		[ORDER_RATE] = by_rate,
		[ORDER_FAILCNT] = by_failcnt,
		[ORDER_NAME] = by_name,
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
