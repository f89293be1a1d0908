/* SPDX-License-Identifier: GPL-2.0-only */
/* Which rows of "top" are shown: in what order, which part, those that match. */
#ifndef RSS_TOP_VIEW_H
#define RSS_TOP_VIEW_H

#include "top.h"

#define FILTER_MAX	64

struct top_view {
	enum order order;
	bool tree;		/* as containers nest, in no other order */
	bool reverse;
	bool typing;		/* the filter */
	bool help;
	char filter[FILTER_MAX];
	size_t first;		/* row on the screen */
};

/* Sorts what there is, and leaves out what does not match the filter. */
void top_view_apply(const struct top_view *view, struct samples *samples);

/* Keeps the first row within them, if @rows of @nr fit. */
void top_view_scroll(struct top_view *view, long by, size_t nr, size_t rows);

#endif
