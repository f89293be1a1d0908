/* SPDX-License-Identifier: GPL-2.0-only */
/* The container that this process is in itself, or another one. */
#ifndef RSS_OWN_H
#define RSS_OWN_H

#include "hierarchy.h"

/* Its name in the hierarchy; NULL if it is in none that is seen here. */
char *own_name(const struct hierarchy *h);

/* The same of another process. */
char *process_name(const struct hierarchy *h, const char *pid);

#endif
