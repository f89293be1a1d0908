/* SPDX-License-Identifier: GPL-2.0 */
/* How long operations take, and how long they may take. */
#ifndef RSS_CLOCK_H
#define RSS_CLOCK_H

/* Milliseconds since some point in the past. */
long clock_ms(void);

/* The same in seconds, to the nanosecond. */
double clock_seconds(void);

/*
 * The milliseconds allowed for an operation that takes @seconds on a kernel as
 * distributions build it. A debug kernel gets more, by the factor RSS_SLOWNESS
 * in the environment (1 if not set).
 */
long clock_allowed_ms(int seconds);

/* How many of @rounds such a kernel completes in the same time. */
long clock_affordable(long rounds);

#endif
