// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>
#include <wchar.h>

#include "columns.h"

/* Of the character that a text begins with, whose bytes are counted, too. */
static int character(const char *text, size_t *len)
{
	mbstate_t state = { };
	wchar_t wide;
	int width;

	*len = mbrtowc(&wide, text, strlen(text), &state);
	if (!*len || *len > strlen(text)) {
		*len = 1;
		return 1;
	}
	width = wcwidth(wide);
	return width < 0 ? 1 : width;
}

int columns_of(const char *text)
{
	int columns = 0;
	size_t len;

	for (; *text; text += len)
		columns += character(text, &len);
	return columns;
}

const char *columns_end(const char *text, int most)
{
	int columns = columns_of(text);
	size_t len;

	while (columns > most) {
		columns -= character(text, &len);
		text += len;
	}
	return text;
}

int columns_pad(const char *text, int columns)
{
	return columns + (int)strlen(text) - columns_of(text);
}
