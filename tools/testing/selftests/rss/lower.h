/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reducing usage by writing to a control file, rss_limit or
 * rss_shrink_in_bytes: returns 0 with usage reduced, or EBUSY or EINTR, with
 * the limit in force that the file documents. No task is killed.
 */
#ifndef RSS_LOWER_H
#define RSS_LOWER_H

#include <stdbool.h>

#include "child.h"

/* The child has FILLED pages; HALF of that is enough for it to run. */
#define FILLED		2048
#define HALF		(FILLED / 2)
#define OLD_LIMIT	(2 * FILLED)

/* The file under test; set before the cases run. */
extern bool lower_by_shrinking;

/* A container with OLD_LIMIT and a child in it that has its pages. */
char *filled_container(struct child *child, struct filler *filler);

/* Writes the file.  Returns 0 or the error. */
int lower(const char *container, long pages);

/* Checks that there was no OOM, and that the child still has its data. */
void let_end(const char *container, struct child *child);

/* The cases. */
void lower_swap(void);
void lower_no_pressure(void);
void lower_no_swap(void);
void lower_file_no_swap(void);
void lower_locked(void);
void lower_part_locked(void);
void lower_subtree(void);
void lower_signal(void);
void lower_signal_midway(void);
void lower_faulter_anon(void);
void lower_faulter_file(void);

#endif
