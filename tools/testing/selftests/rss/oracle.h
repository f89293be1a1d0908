/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle: what a set of processes has mapped, page for page, by the page
 * tables and the kernel's own map counts, never by the rss controller.
 *
 * It counts what the controller has to count: no zero page, no hugetlb, no
 * page that a driver inserted.  A page that somebody outside the set maps too
 * may have its owner there: it is told apart by its map count, which is then
 * higher than the number of mappings found, and counts as "outside" only.
 */
#ifndef RSS_ORACLE_H
#define RSS_ORACLE_H

#include <stddef.h>
#include <sys/types.h>

struct oracle {
	long anon;	/* ksm included */
	long file;	/* shmem included */
	long shmem;
	long ksm;
	long outside;
};

/* Returns 0 or -errno; EOPNOTSUPP if the kernel has no /proc/kpage*. */
int oracle_count(const pid_t *pids, size_t nr, struct oracle *result);

#endif
