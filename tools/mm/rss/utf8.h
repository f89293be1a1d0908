/* SPDX-License-Identifier: GPL-2.0-only */
/* Names can be any bytes, JSON can not. */
#ifndef RSS_UTF8_H
#define RSS_UTF8_H

/*
 * For terminals: what could be a control character is as in "\x1b", too, or
 * just a question mark where it must not take more columns.
 */
char *utf8_escaped(const char *bytes);
char *utf8_shown(const char *bytes);

/* The same as new text, in which bytes that are not UTF-8 are as in "\xff". */
char *utf8_text(const char *bytes);

#endif
