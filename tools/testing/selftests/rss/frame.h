/* SPDX-License-Identifier: GPL-2.0 */
/* Page frames, according to /proc/PID/pagemap and /proc/kpage*. */
#ifndef RSS_FRAME_H
#define RSS_FRAME_H

#include <linux/kernel-page-flags.h>
#include <stdbool.h>
#include <sys/types.h>

/* The frame of a page that a process (0: the caller) has mapped, or 0. */
unsigned long frame_of(pid_t pid, const char *page);

/* Whether a frame has a flag KPF_*. Skips the case if that is unknown. */
bool frame_is(unsigned long frame, int flag);

/* The frames of a region of the caller. */
void frames_note(unsigned long *frames, const char *mem, size_t pages);

#endif
