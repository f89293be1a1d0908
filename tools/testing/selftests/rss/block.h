/* SPDX-License-Identifier: GPL-2.0 */
/* Memory blocks that go offline and come back. */
#ifndef RSS_BLOCK_H
#define RSS_BLOCK_H

#include <stddef.h>

size_t block_pages(void);

/* The node of a block. */
int block_node(int block);

/*
 * Makes a block movable, so that it holds only pages of processes. Returns its
 * number; skips the case if none can go offline.
 */
int block_make_movable(void);

/* Undoes that: online, and for all kinds of memory. */
void block_make_ordinary(int block);

/* Takes it offline, or back as "online_movable"; skips the case if it can't. */
void block_order(int block, const char *order);

#endif
