/* SPDX-License-Identifier: GPL-2.0 */
#ifndef RSS_CPU_H
#define RSS_CPU_H

/*
 * Keeps the caller, and its future children, on the current CPU. Pages new on
 * the LRU are in a batch of the CPU that added them; no other CPU can isolate
 * them, so MADV_PAGEOUT skips them.
 */
void cpu_stay(void);

/*
 * Moves the caller to one of the CPUs that it could run on before its first
 * move, counted from 0. Skips the case if there are not that many.
 */
void cpu_run_on(int nr);

/* Keeps other tasks off the caller's CPU for @ms milliseconds. */
void cpu_hog(long ms);

#endif
