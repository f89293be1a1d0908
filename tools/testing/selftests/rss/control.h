/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Control files of containers.  Those of v1 can be named on v2 as well, where
 * they stand for the file with that meaning; numbers are pages then.  Any
 * other name is the file's own, with the numbers that are in it.
 *
 * On v2 rss_failcnt is "max" of rss.events.local, and rss_reclaimed "pgsteal"
 * of rss.stat: what any reclaim took, not only that on behalf of the container.
 */
#ifndef RSS_CONTROL_H
#define RSS_CONTROL_H

#include <limits.h>
#include <stddef.h>

/* How control_read() reads "max". */
#define NO_LIMIT	LONG_MAX

/* The name that a file has, on the hierarchy in use. */
const char *control_name(const char *file);

/* A number from a file that holds nothing else; the case fails without it. */
long control_read(const char *container, const char *file);

/* The number after @key in rss_stat. */
long control_stat(const char *container, const char *key);

/* Returns 0 or -errno. */
int control_write(const char *container, const char *file, const char *text);

#endif
