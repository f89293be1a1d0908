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

/* A table's heading and rows, as new text; @width is that of names. */
int top_name_width(const struct samples *samples);
char *top_heading(int width);
char *top_row(const struct sample *sample, int width);

/* Shows it all on the terminal until the user ends it. */
void top_screen(struct top *top);

#endif
