// SPDX-License-Identifier: GPL-2.0-only
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

char *utf8_text(const char *bytes)
{
	char *text = allocated(malloc(ESCAPE * strlen(bytes) + 1)), *to = text;
	size_t len;

	while (*bytes) {
		len = character((const unsigned char *)bytes);
		if (len)
			to = mempcpy(to, bytes, len);
		else
			to += sprintf(to, "\\x%02x", (unsigned char)*bytes);
		bytes += len ?: 1;
	}
	*to = 0;
	return text;
}
