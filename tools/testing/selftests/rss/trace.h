/* SPDX-License-Identifier: GPL-2.0 */
/* The controller's trace events, in a trace instance of the program's own. */
#ifndef RSS_TRACE_H
#define RSS_TRACE_H

#include <stddef.h>

/* For main(), before the cases run: the instance is gone when it exits. */
void trace_init(void);

/* Forgets what was traced, begins to trace; skips the case if that cannot be. */
void trace_start(void);
void trace_stop(void);

/*
 * Goes on from *@at, 0 at the start, to the next event of a name in what was
 * traced.  Returns its numbers as the line has them, NULL if there is none.
 */
const char *trace_next(size_t *at, const char *name);

/* How a container is called in traces. */
unsigned long long trace_id(const char *container);

#endif
