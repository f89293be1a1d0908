/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle: what a set of processes has mapped, page by page, according to
 * the page tables and the kernel's map counts, never to the rss controller.
 *
 * It counts what the controller must count: no zero page, no hugetlb, no page
 * that a driver inserted. A page that a process outside the set also maps may
 * have its owner there. Its map count is then higher than the number of
 * mappings found, and it counts only as "outside".
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
