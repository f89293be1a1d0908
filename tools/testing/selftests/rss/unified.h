/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The default hierarchy of cgroup v2.  What a program enables at its root is
 * disabled again when the program ends.
 */
#ifndef RSS_UNIFIED_H
#define RSS_UNIFIED_H

#include <stdbool.h>

/* Uses the one that is mounted, or mounts it; unified_root() is "" if it can't. */
void unified_init(void);
void unified_exit(void);

const char *unified_root(void);

/*
 * Enables a controller for the children of a cgroup.  Returns 0 or -errno;
 * ENOENT if the cgroup does not have the controller.
 */
int unified_enable(const char *cgroup, const char *controller);

/* Does cgroup.controllers list it? */
bool unified_has(const char *cgroup, const char *controller);

#endif
