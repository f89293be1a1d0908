/* SPDX-License-Identifier: GPL-2.0-only */
/* The parts of "top": rows of text, and the screen that shows them. */
#ifndef RSS_TOP_H
#define RSS_TOP_H

#include <stdbool.h>

#include "sample.h"

struct top {
	const struct hierarchy *h;
	const char *name;		/* of the subtree */
	double delay;			/* seconds */
	unsigned long iterations;	/* 0: until the user ends it */
	enum order order;
};

/* How many columns of a table are for what can have more or less. */
struct top_layout {
	int name;
	int bar;			/* 0 for none */
};

/* What fits into @columns; INT_MAX for whatever it takes. */
struct top_layout top_layout(const struct samples *samples, int columns);

/* A table's heading and rows, as new text. */
char *top_heading(struct top_layout layout);
char *top_row(const struct sample *sample, struct top_layout layout);

/* Shows it all on the terminal until the user ends it. */
void top_screen(struct top *top);

#endif
