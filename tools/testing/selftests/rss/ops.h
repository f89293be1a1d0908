/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Common operations, for use as the op of a struct step. The region is a->mem,
 * of a->pages pages; its halves and quarters are contiguous.
 */
#ifndef RSS_OPS_H
#define RSS_OPS_H

#include "steps.h"

/* Map a new region; the file is a->fd. */
void op_map_anon(struct actor *a);
void op_map_shared_anon(struct actor *a);
void op_map_file(struct actor *a);
void op_map_file_private(struct actor *a);

void op_read(struct actor *a);
void op_read_first(struct actor *a);		/* page */

/* Write the pattern of mem_fill() with seed 0, or verify it. */
void op_write(struct actor *a);
void op_write_first(struct actor *a);		/* page */
void op_write_first_half(struct actor *a);
void op_verify(struct actor *a);

void op_unmap(struct actor *a);
void op_unmap_first_half(struct actor *a);
void op_unmap_last_half(struct actor *a);

/* madvise() of the whole region */
void op_drop(struct actor *a);			/* MADV_DONTNEED */
void op_page_out(struct actor *a);		/* MADV_PAGEOUT */

/*
 * Forks a->forked, to run @fn. The region becomes read-only, so that it is not
 * copied when the child settles.
 */
void fork_protected(struct actor *a, child_fn fn);

/* Let a->forked, forked by an earlier step, take its next step, or exit. */
void op_step_forked(struct actor *a);
void op_finish_forked(struct actor *a);

#endif
