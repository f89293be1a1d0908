/* SPDX-License-Identifier: GPL-2.0 */
/* userfaultfd(2), for the pages of the caller.  Sizes are in base pages. */
#ifndef RSS_UFFD_H
#define RSS_UFFD_H

#include <linux/types.h>
#include <linux/userfaultfd.h>
#include <stdbool.h>
#include <sys/types.h>

/* A new descriptor; skips the case if the kernel lacks one of the features. */
int uffd_open(__u64 features);

/* @mode: UFFDIO_REGISTER_MODE_*; skips the case if not available */
void uffd_register(int uffd, char *mem, size_t pages, __u64 mode);

/*
 * The ioctls that map pages. Each returns their number, or -errno if none.
 * They act on the mm of the descriptor; @from is the caller's.
 */
ssize_t uffd_copy(int uffd, char *to, const char *from, size_t pages);
ssize_t uffd_zero(int uffd, char *to, size_t pages);
ssize_t uffd_continue(int uffd, char *to, size_t pages);
ssize_t uffd_move(int uffd, char *to, char *from, size_t pages);

/* Write-protects pages, or makes them writable again. */
void uffd_protect(int uffd, char *mem, size_t pages, bool protect);

#endif
