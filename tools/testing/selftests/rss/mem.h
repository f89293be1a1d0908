/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory to count. Sizes are in base pages.
 *
 * A pattern is one number per page, seed + i for page i, so that a page that
 * returns from swap at the wrong place is noticed.
 */
#ifndef RSS_MEM_H
#define RSS_MEM_H

#include <stdbool.h>
#include <stddef.h>

size_t page_size(void);

/* Base pages of a huge page, 0 if the kernel has none. */
size_t huge_pages(void);

/* Most pages that one read fault on a file maps (fault-around). */
size_t fault_around_pages(void);

char *mem_anon(size_t pages);
char *mem_shared(size_t pages);
/* @flags: MAP_SHARED or MAP_PRIVATE */
char *mem_file(int fd, size_t pages, int flags);
/* Anonymous memory that begins at a huge page boundary. */
char *mem_huge(size_t pages);
void mem_unmap(char *mem, size_t pages);

void mem_read(const char *mem, size_t pages);
void mem_fill(char *mem, size_t pages, unsigned long seed);
void mem_verify(const char *mem, size_t pages, unsigned long seed);

/* madvise() that must succeed; skips the case if the kernel lacks it */
void mem_advise(char *mem, size_t pages, int advice);

/* Whether a page is in the caller's page tables. */
bool mem_is_mapped(const char *page);

/*
 * Touches everything that the process has mapped, writable private memory by
 * writing. From then on it maps only the pages that it asks for.
 */
void mem_settle(void);

#endif
