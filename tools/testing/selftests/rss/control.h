/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control files of containers. v1 names also work on v2, where they stand for
 * the file with that meaning; numbers are then pages. Any other name is that
 * of the file itself, with its own numbers.
 *
 * On v2, rss_failcnt is "max" of rss.events.local, and rss_reclaimed is
 * "pgsteal" of rss.stat: taken by any reclaim, not only on behalf of the
 * container.
 */
#ifndef RSS_CONTROL_H
#define RSS_CONTROL_H

#include <limits.h>
#include <stddef.h>

/* The value of "max" from control_read(). */
#define NO_LIMIT	LONG_MAX

/* The name of a file in the hierarchy in use. */
const char *control_name(const char *file);

/* The number in a file with nothing else; the case fails without it. */
long control_read(const char *container, const char *file);

/* The number after @key in rss_stat. */
long control_stat(const char *container, const char *key);

/* Returns 0 or -errno. */
int control_write(const char *container, const char *file, const char *text);

#endif
