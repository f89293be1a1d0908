/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of the system that get their old value back after the case. */
#ifndef RSS_TUNABLE_H
#define RSS_TUNABLE_H

void tunable_init(void);
void tunable_restore(void);

/* Writes a file of sysfs or /proc/sys, or skips the case. */
void tunable_set(const char *path, const char *value);

/* The same, but goes on without what the system lacks. */
void tunable_try(const char *path, const char *value);

/* Gives an order to a file that has no value to restore, or skips the case. */
void tunable_order(const char *path, const char *order);

#endif
