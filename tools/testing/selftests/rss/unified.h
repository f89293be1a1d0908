/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The default hierarchy of cgroup v2. Controllers that a program enables at
 * its root are disabled again when it exits.
 */
#ifndef RSS_UNIFIED_H
#define RSS_UNIFIED_H

#include <stdbool.h>

/* Uses the mounted one, or mounts it; unified_root() is "" on failure. */
void unified_init(void);
void unified_exit(void);

const char *unified_root(void);

/*
 * Enables a controller for the children of a cgroup.  Returns 0 or -errno;
 * ENOENT if the cgroup does not have the controller.
 */
int unified_enable(const char *cgroup, const char *controller);

/* Whether cgroup.controllers lists it. */
bool unified_has(const char *cgroup, const char *controller);

#endif
