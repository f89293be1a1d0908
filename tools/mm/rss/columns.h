/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in columns of a terminal: characters can take two, or none. */
#ifndef RSS_COLUMNS_H
#define RSS_COLUMNS_H

/* How many a text takes; one for each byte that is of no character. */
int columns_of(const char *text);

/* The longest end of a text that takes no more. */
const char *columns_end(const char *text, int most);

/* Blanks that printf() has to be told of besides: "%-*s" counts bytes. */
int columns_pad(const char *text, int columns);

#endif
