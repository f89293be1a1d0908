/* SPDX-License-Identifier: GPL-2.0 */
/*
 * New file systems and files. Mounts are in the case's own mount namespace and
 * disappear with it.
 */
#ifndef RSS_FS_H
#define RSS_FS_H

#include <stddef.h>

/* The runner's scratch directory, a tmpfs of its own. */
void fs_init(void);
void fs_exit(void);
const char *fs_scratch(void);

/*
 * Mounts over the directory for the files of a case: "tmpfs" has swap-backed
 * pages, "ramfs" plain page cache without a disk.
 */
void fs_mount(const char *type, const char *options);

/* The same with a file system on a disk; skips the case if there is none. */
void fs_mount_disk(size_t bytes);

/* The same on persistent memory, without page cache. */
void fs_mount_dax(void);

/* Opens a new file of @pages pages with the pattern of mem_fill(). */
int fs_file(const char *name, size_t pages, unsigned long seed);

/* Checks by read() that a file holds the pattern. */
void fs_verify(int fd, size_t pages, unsigned long seed);

/*
 * Copies a program from the directory of this one to that of the case, so that
 * no page of it is mapped. Returns its path.
 */
const char *fs_copy_program(const char *name);

#endif
