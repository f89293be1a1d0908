/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How long something takes that is done over and over.  A median, since now and
 * then an interrupt or another process comes in between.
 */
#ifndef RSS_MEDIAN_H
#define RSS_MEDIAN_H

#define MEDIAN_SAMPLES	101

/*
 * Of what @fn takes, in microseconds, with 0, 1, 2 ... for its second argument.
 * What takes a tenth of a second is not repeated.
 */
long median_us(void (*fn)(void *arg, int i), void *arg);

#endif
