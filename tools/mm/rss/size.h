/* SPDX-License-Identifier: GPL-2.0-only */
/* Sizes in bytes, as users write and read them. */
#ifndef RSS_SIZE_H
#define RSS_SIZE_H

#include <stddef.h>

#define SIZE_UNLIMITED	(~0ULL)

/* Room for a size in text. */
#define SIZE_TEXT	24

/*
 * Parses a size with a unit, or "max".  Returns NULL, or what is wrong with
 * the text.
 */
const char *size_parse(const char *text, size_t page_size,
		       unsigned long long *size);

/* Parses a decimal number and returns where it ends, NULL if there is none. */
const char *number_parse(const char *text, unsigned long long *number);

/* In bytes, as many as there can be short of SIZE_UNLIMITED. */
unsigned long long size_of_pages(unsigned long long pages, size_t page_size);

/* For people: "180.5M".  Returns the buffer. */
char *size_text(unsigned long long size, char text[SIZE_TEXT]);

#endif
