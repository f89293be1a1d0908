// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bare number would be ambiguous: it is pages in files of cgroup v1 and
 * bytes in those of v2.  A limit that is wrong by the factor of a page gets
 * tasks killed, so it has to have a unit.
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "size.h"

static const char units[] = "BKMGT";

const char *number_parse(const char *text, unsigned long long *number)
{
	char *end;

	/* strtoull() takes blanks and signs, too. */
	if (!isdigit((unsigned char)*text))
		return NULL;
	errno = 0;
	*number = strtoull(text, &end, 10);
	return errno ? NULL : end;
}

/* "M" or "MiB"; 0 if it is no unit. */
static unsigned long long unit_size(const char *unit, size_t page_size)
{
	const char *found;

	/* A large one would be a petabyte. */
	if (!strcmp(unit, "p"))
		return page_size;
	found = strchr(units, toupper((unsigned char)*unit));
	if (!*unit || !found || (unit[1] && strcmp(unit + 1, "iB")) ||
	    (unit[1] && found == units))
		return 0;
	return 1ULL << (10 * (found - units));
}

/* Decimals behind a point, as so many of a unit. */
static const char *parse_fraction(const char *text, double *fraction)
{
	double digit = 0.1;

	*fraction = 0;
	if (*text != '.')
		return text;
	if (!isdigit((unsigned char)*++text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++, digit /= 10)
		*fraction += (*text - '0') * digit;
	return text;
}

const char *size_parse(const char *text, size_t page_size,
		       unsigned long long *size)
{
	unsigned long long number, unit;
	double fraction = 0;
	const char *end;

	if (!strcmp(text, "max")) {
		*size = SIZE_UNLIMITED;
		return NULL;
	}
	end = number_parse(text, &number);
	if (end)
		end = parse_fraction(end, &fraction);
	if (!end)
		return "not a size";
	if (!*end && (number || fraction))
		return "needs a unit: B, K, M, G, T, or p for pages";
	unit = *end ? unit_size(end, page_size) : 1;
	if (!unit)
		return "not a size; units are B, K, M, G, T, and p for pages";
	if (number > LLONG_MAX / unit - 1)
		return "too large";
	*size = number * unit + fraction * unit;
	if (*size && *size < page_size)
		return "less than a page";
	return NULL;
}

unsigned long long size_of_pages(unsigned long long pages, size_t page_size)
{
	unsigned long long most = (SIZE_UNLIMITED - 1) / page_size;

	return (pages < most ? pages : most) * page_size;
}

char *size_text(unsigned long long size, char text[SIZE_TEXT])
{
	double shown = size;
	size_t i = 0;

	while (shown >= 1024 && units[i + 1]) {
		shown /= 1024;
		i++;
	}
	if (size == SIZE_UNLIMITED)
		snprintf(text, SIZE_TEXT, "max");
	else if (!size)
		snprintf(text, SIZE_TEXT, "0");
	else
		snprintf(text, SIZE_TEXT, "%.*f%c", shown < 100 && i ? 1 : 0,
			 shown, units[i]);
	return text;
}
