/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers from text files of the kernel. */
#ifndef RSS_KEYS_H
#define RSS_KEYS_H

#include <sys/types.h>

/* The value of @key in a file of "key value" lines, -1 if it has none. */
long read_key(const char *path, const char *key);

/* The state letter of a process in /proc/PID/stat, 0 if it is gone. */
char proc_state(pid_t pid);

/* Clock ticks of CPU time that a process has used, -1 if it is gone. */
long proc_ticks(pid_t pid);

/* How often a process has slept, or has been preempted. */
long proc_sleeps(pid_t pid);
long proc_preemptions(pid_t pid);

#endif
