/* SPDX-License-Identifier: GPL-2.0 */
/* How long something takes, and how long it may take. */
#ifndef RSS_CLOCK_H
#define RSS_CLOCK_H

/* Milliseconds since some moment in the past. */
long clock_ms(void);

/* The same in seconds, to the nanosecond. */
double clock_seconds(void);

/*
 * The milliseconds that something may take that has to be done in @seconds on a
 * kernel as distributions build it. One that checks itself takes longer: by the
 * factor that RSS_SLOWNESS in the environment says, 1 if it is not set.
 */
long clock_allowed_ms(int seconds);

/* How many of @rounds such a kernel gets done in the time of another. */
long clock_affordable(long rounds);

#endif
