/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSS_CPU_H
#define RSS_CPU_H

/*
 * Keeps the caller, and what it starts from now on, on the CPU that it runs on.
 * Pages new on the LRU are in a batch of the CPU that brought them there; no
 * other CPU can isolate them, so that MADV_PAGEOUT passes over them.
 */
void cpu_stay(void);

/*
 * Moves the caller to one of the CPUs that it might run on before it was moved
 * first, counted from 0.  Skips the case if there are not so many.
 */
void cpu_run_on(int nr);

/* Lets nobody else run on the CPU of the caller, for so many milliseconds. */
void cpu_hog(long ms);

#endif
