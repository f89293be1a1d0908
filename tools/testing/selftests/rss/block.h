/* SPDX-License-Identifier: GPL-2.0 */
/* Blocks of memory, which go offline and come back. */
#ifndef RSS_BLOCK_H
#define RSS_BLOCK_H

#include <stddef.h>

size_t block_pages(void);

/* The node that a block is of. */
int block_node(int block);

/*
 * Makes a block movable, which makes pages of processes come from there and nothing
 * else.  Returns its number; skips the case if none can go offline.
 */
int block_make_movable(void);

/* Back to what it was: online, and for all kinds of memory. */
void block_make_ordinary(int block);

/* Takes it offline, or back as "online_movable"; skips the case if it can't be. */
void block_order(int block, const char *order);

#endif
