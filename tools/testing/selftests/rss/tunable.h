/* SPDX-License-Identifier: GPL-2.0 */
/* System settings that are restored after the case. */
#ifndef RSS_TUNABLE_H
#define RSS_TUNABLE_H

void tunable_init(void);
void tunable_restore(void);

/* Writes a file of sysfs or /proc/sys, or skips the case. */
void tunable_set(const char *path, const char *value);

/* The same, but continues if the system lacks it. */
void tunable_try(const char *path, const char *value);

/* Writes to a file without a value to restore, or skips the case. */
void tunable_order(const char *path, const char *order);

#endif
