/* SPDX-License-Identifier: GPL-2.0-only */
/* The container that this process is in itself. */
#ifndef RSS_OWN_H
#define RSS_OWN_H

#include "hierarchy.h"

/* Its name in the hierarchy; NULL if it is in none that is seen here. */
char *own_name(const struct hierarchy *h);

#endif
