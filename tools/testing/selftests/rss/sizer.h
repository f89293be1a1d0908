/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children that have exactly a given number of their own pages mapped, and
 * swing between two numbers as often as the case asks.
 */
#ifndef RSS_SIZER_H
#define RSS_SIZER_H

#include <stddef.h>

#include "child.h"

/* The next order, in memory that the case and the child share. */
struct sizer_order {
	size_t pages;		/* to have at the end */
	size_t swing;		/* to go to first, and come back from */
	int times;		/* how often */
};

struct sizer {
	struct child child;
	struct sizer_order *order;
	size_t most;
};

/* Starts without pages; can have up to @most. */
void sizer_start(struct sizer *sizer, const char *container, size_t most);

/* Sends an order without waiting for it. */
void sizer_go(struct sizer *sizer, struct sizer_order order);

/* Waits until the order is done. */
void sizer_wait(struct sizer *sizer);

/* Makes it have @pages. */
void sizer_set(struct sizer *sizer, size_t pages);

#endif
