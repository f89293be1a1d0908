/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own audit (CONFIG_RSS_CONTAINER_DEBUG): it walks all pages of
 * the system, counts what is mapped for each owner and compares that with what
 * the controller keeps.
 */
#ifndef RSS_AUDIT_H
#define RSS_AUDIT_H

/* Says so once if the kernel has no audit; audit_check() finds nothing then. */
void audit_init(void);

/*
 * Prints each difference that the audit finds.  Returns NULL or, if there are
 * any, what to say about them.
 */
const char *audit_check(void);

/* Pages of memory that have a record, -1 if the kernel has no audit. */
long audit_records(void);

/* Entries on all lists, and batches of them; -1 as well. */
long audit_entries(void);
long audit_batches(void);

#endif
