/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The hierarchy of the rss controller while a program runs: one of cgroup v1
 * or, with RSS_HIERARCHY=v2 in the environment, the default one.
 */
#ifndef RSS_HIERARCHY_H
#define RSS_HIERARCHY_H

#include <stdbool.h>

/*
 * For a program that tests only one of them, before hierarchy_init(): uses v1
 * or v2; if the environment wants the other one, hierarchy_init() says so.
 */
void hierarchy_use(int version);

/* Uses the mounted one, or mounts it. Returns NULL or why it failed. */
const char *hierarchy_init(void);
void hierarchy_exit(void);

const char *hierarchy_root(void);
bool hierarchy_is_v2(void);

#endif
