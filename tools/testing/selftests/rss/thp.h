/* SPDX-License-Identifier: GPL-2.0 */
/* Large folios: getting them, and splitting them. */
#ifndef RSS_THP_H
#define RSS_THP_H

#include <stdbool.h>
#include <sys/types.h>

/* Base pages of a huge page; skips the case if the kernel has none. */
size_t thp_need(void);

/* Lets the caller have huge pages again, which a child begins without. */
void thp_allow(void);
void thp_forbid(void);

/* A region of huge pages of the caller's own. */
char *thp_anon(size_t pages);

/* A mapping of a file that begins where a huge page can. */
char *thp_file(int fd, size_t pages);

/* Is this page of the caller part of a large folio? */
bool thp_is_large(const char *page);

bool thp_can_split(void);

/*
 * Splits what large folios a process has in a region into base pages.  Those
 * that somebody holds at that instant stay.
 */
void thp_split(pid_t pid, const char *mem, size_t pages);

#endif
