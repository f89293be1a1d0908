/* SPDX-License-Identifier: GPL-2.0 */
/* Signals after a time, to the caller itself. */
#ifndef RSS_TIMER_H
#define RSS_TIMER_H

#include <time.h>

timer_t timer_new(int signo);

/* The signal interrupts a system call and does nothing else. */
timer_t timer_new_interrupt(void);

/* Sends it once after @ns; never, if that is 0. */
void timer_set(timer_t timer, long ns);

#endif
