/* SPDX-License-Identifier: GPL-2.0 */
/* What the cases need of io_uring, by system calls. */
#ifndef RSS_URING_H
#define RSS_URING_H

#include <linux/io_uring.h>
#include <stddef.h>

/* A new ring, or skips the case if the kernel has none. */
int uring_new(unsigned int entries, struct io_uring_params *params);

/* Registers memory as a buffer of the ring: its pages are pinned. */
void uring_pin(int ring, char *mem, size_t pages);
void uring_unpin(int ring);

#endif
