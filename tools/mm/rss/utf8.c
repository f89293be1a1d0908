// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "utf8.h"

/* Room for a byte as in "\xff". */
#define ESCAPE	4

/* How many bytes a character has, 0 if there is none. */
static size_t character(const unsigned char *at)
{
	static const unsigned int least[] = { [2] = 0x80, 0x800, 0x10000 };
	unsigned int code;
	size_t i, len;

	if (*at < 0x80)
		return 1;
	if (*at < 0xc0 || *at >= 0xf8)
		return 0;
	len = 2 + (*at >= 0xe0) + (*at >= 0xf0);
	code = *at & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	/* Not in its shortest form, a half of UTF-16, or beyond Unicode? */
	if (code < least[len] || code >> 11 == 0xd800 >> 11 || code > 0x10ffff)
		return 0;
	return len;
}

/* A terminal may obey both sets of them. */
static bool is_control(const unsigned char *at)
{
	return *at < 0x20 || *at == 0x7f || (*at == 0xc2 && at[1] < 0xa0);
}

static char *convert(const char *bytes, bool controls, const char *as)
{
	char *text = allocated(malloc(ESCAPE * strlen(bytes) + 1)), *to = text;
	const unsigned char *at = (const unsigned char *)bytes;
	size_t len;

	while (*at) {
		len = character(at);
		if (len && !(controls && is_control(at))) {
			to = mempcpy(to, at, len);
			at += len;
		} else {
			to += sprintf(to, as, *at);
			at++;
		}
	}
	*to = 0;
	return text;
}

char *utf8_text(const char *bytes)
{
	return convert(bytes, false, "\\x%02x");
}

char *utf8_escaped(const char *bytes)
{
	return convert(bytes, true, "\\x%02x");
}

char *utf8_shown(const char *bytes)
{
	return convert(bytes, true, "?");
}
