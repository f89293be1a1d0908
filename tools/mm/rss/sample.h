/* SPDX-License-Identifier: GPL-2.0-only */
/* What "top" shows: the containers at one time, with rates since another. */
#ifndef RSS_SAMPLE_H
#define RSS_SAMPLE_H

#include "record.h"

struct sample {
	char *name;
	char *shown;		/* ... on a terminal */
	struct record record;
	double rate;		/* of reclaim, bytes a second; below 0: unknown */
};

struct samples {
	struct sample *sample;
	size_t nr;
	double time;		/* seconds, of the monotonic clock */
	int err;		/* why not all are there */
};

enum order {
	ORDER_USAGE,
	ORDER_RATE,
	ORDER_FAILCNT,
	ORDER_NAME,
	ORDER_SHARE,
	ORDER_LIMIT,
	ORDER_PEAK,
	ORDER_KILLS,
	NR_ORDERS
};

const char *order_name(enum order order);

/*
 * The containers below @top, with rates since @before if that is not NULL, and
 * those @attrs of them.
 */
void samples_take(struct samples *now, const struct samples *before,
		  const struct hierarchy *h, const char *top,
		  unsigned int attrs);
void samples_copy(struct samples *to, const struct samples *from);

/* Highest values first. */
void samples_sort(struct samples *samples, enum order order);
void samples_free(struct samples *samples);

#endif
