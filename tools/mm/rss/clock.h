/* SPDX-License-Identifier: GPL-2.0-only */
/* Time that goes on whatever is done to the date. */
#ifndef RSS_CLOCK_H
#define RSS_CLOCK_H

double monotonic_seconds(void);

#endif
