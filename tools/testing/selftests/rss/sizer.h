/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Children that have, of their own memory, exactly as many pages mapped as the
 * case says, and go up and down between two numbers as often as it says.
 */
#ifndef RSS_SIZER_H
#define RSS_SIZER_H

#include <stddef.h>

#include "child.h"

/* What to do next, in memory that the case and the child share. */
struct sizer_order {
	size_t pages;		/* to have in the end */
	size_t swing;		/* to go to before that, and come back from */
	int times;		/* how often */
};

struct sizer {
	struct child child;
	struct sizer_order *order;
	size_t most;
};

/* Starts with no page; can have @most. */
void sizer_start(struct sizer *sizer, const char *container, size_t most);

/* Lets it go without waiting for it. */
void sizer_go(struct sizer *sizer, struct sizer_order order);

/* Waits until it did what it was ordered. */
void sizer_wait(struct sizer *sizer);

/* Makes it have @pages. */
void sizer_set(struct sizer *sizer, size_t pages);

#endif
