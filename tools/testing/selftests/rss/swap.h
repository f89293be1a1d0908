/* SPDX-License-Identifier: GPL-2.0 */
/* Swap on a zram device that is added for it and removed afterwards. */
#ifndef RSS_SWAP_H
#define RSS_SWAP_H

#include <stddef.h>

void swap_init(void);
void swap_cleanup(void);

/* Adds swap of @pages pages, or skips the case. */
void swap_on(size_t pages);

/* Removes that swap: its contents are read back. */
void swap_off(void);

/* Skips the case if the system has swap. */
void swap_none(void);

#endif
