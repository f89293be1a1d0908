/* SPDX-License-Identifier: GPL-2.0 */
/* Allocation failures, only for tasks that ask for them. */
#ifndef RSS_INJECT_H
#define RSS_INJECT_H

/* Uses the kernel's fault injection of this name; skips the case without it. */
void inject_start(const char *name);

/* The file by which a task asks; once it has, opening it may fail. */
int inject_open(void);
void inject_set(int fd, const char *on);

#endif /* RSS_INJECT_H */
