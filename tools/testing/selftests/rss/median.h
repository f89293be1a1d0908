/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The time of a repeated operation. The median, because interrupts and other
 * processes may interfere.
 */
#ifndef RSS_MEDIAN_H
#define RSS_MEDIAN_H

#define MEDIAN_SAMPLES	101

/*
 * The median time of @fn in microseconds, called with 0, 1, 2 ... as its
 * second argument. If it takes a tenth of a second, it is not repeated.
 */
long median_us(void (*fn)(void *arg, int i), void *arg);

#endif
