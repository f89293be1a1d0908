/* SPDX-License-Identifier: GPL-2.0-only */
/* Names can be any bytes, JSON can not. */
#ifndef RSS_UTF8_H
#define RSS_UTF8_H

/* The same as new text, in which bytes that are not UTF-8 are as in "\xff". */
char *utf8_text(const char *bytes);

#endif
