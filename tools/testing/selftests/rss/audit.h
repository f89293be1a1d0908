/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's own audit (CONFIG_RSS_CONTAINER_DEBUG): it walks all pages of
 * the system, counts mapped pages by owner and compares the result with what
 * the controller keeps.
 */
#ifndef RSS_AUDIT_H
#define RSS_AUDIT_H

/* Reports once if the kernel has no audit; audit_check() then finds nothing. */
void audit_init(void);

/*
 * Prints each difference that the audit finds. Returns NULL or, if there are
 * any, a message for the result.
 */
const char *audit_check(void);

/* Number of pages that have a record, -1 if the kernel has no audit. */
long audit_records(void);

/* Entries on all lists, and batches of them; likewise. */
long audit_entries(void);
long audit_batches(void);

#endif
