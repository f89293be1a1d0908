/* SPDX-License-Identifier: GPL-2.0 */
/* Getting large folios, and splitting them. */
#ifndef RSS_THP_H
#define RSS_THP_H

#include <stdbool.h>
#include <sys/types.h>

/* Base pages of a huge page; skips the case if the kernel has none. */
size_t thp_need(void);

/* Allows huge pages for the caller again, which a child starts without. */
void thp_allow(void);
void thp_forbid(void);

/* A region of the caller's own huge pages. */
char *thp_anon(size_t pages);

/* A mapping of a file that starts where a huge page can. */
char *thp_file(int fd, size_t pages);

/* Whether this page of the caller is part of a large folio. */
bool thp_is_large(const char *page);

bool thp_can_split(void);

/*
 * Splits the large folios of a process in a region into base pages, except
 * those that are briefly held by others.
 */
void thp_split(pid_t pid, const char *mem, size_t pages);

#endif
