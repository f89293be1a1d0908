/* SPDX-License-Identifier: GPL-2.0 */
/* The controller's trace events, in a separate trace instance. */
#ifndef RSS_TRACE_H
#define RSS_TRACE_H

#include <stddef.h>

/* For main(), before the cases run: the instance is removed at exit. */
void trace_init(void);

/* Empties the buffer and starts tracing; skips the case if that fails. */
void trace_start(void);
void trace_stop(void);

/*
 * Continues from *@at, 0 at the start, to the next event of a name in the
 * trace. Returns its numbers as in the line, NULL if there is none.
 */
const char *trace_next(size_t *at, const char *name);

/* The name of a container in traces. */
unsigned long long trace_id(const char *container);

#endif
