/* SPDX-License-Identifier: GPL-2.0 */
/* Settings of the system that get their old value back after the case. */
#ifndef RSS_TUNABLE_H
#define RSS_TUNABLE_H

void tunable_init(void);
void tunable_restore(void);

/* Writes a file of sysfs or /proc/sys, or skips the case. */
void tunable_set(const char *path, const char *value);

/* The same for a file that takes an order and has no value to restore. */
void tunable_order(const char *path, const char *order);

#endif
