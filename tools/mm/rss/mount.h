/* SPDX-License-Identifier: GPL-2.0-only */
/* Where the rss controller is mounted. */
#ifndef RSS_MOUNT_H
#define RSS_MOUNT_H

#include "compiler.h"

/* The mount point of a hierarchy that has the controller, or NULL. */
char *mount_find(void);

/* Ends the program: says where the controller is instead, and what to do. */
__noreturn void mount_missing(void);

/* Mounts the controller as v1; ends the program if that fails. */
void mount_v1(const char *path);

#endif
