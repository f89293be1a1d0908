/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Allocations that fail: of those tasks only that ask for it.
 */
#ifndef RSS_INJECT_H
#define RSS_INJECT_H

/* By the kernel's fault injection of this name. Skips the case if it has none. */
void inject_start(const char *name);

/* What the task itself asks by; to open it may fail once it has. */
int inject_open(void);
void inject_set(int fd, const char *on);

#endif /* RSS_INJECT_H */
