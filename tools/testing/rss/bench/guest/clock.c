// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock: in a guest of "qemu -icount shift=0" the time stamp counter is the
 * number of instructions executed.  Elsewhere it is not, and all figures would
 * be meaningless.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define LOOPS		100000
#define LOOP_SIZE	2	/* instructions */

static unsigned long loop_cost(void)
{
	unsigned long left = LOOPS;
	unsigned long start = now();

	asm volatile("1: dec %0; jnz 1b" : "+r" (left) : : "cc");
	return now() - start;
}

void check_clock(void)
{
	unsigned long cost, best = ULONG_MAX;
	int i;

	/* A timer interrupt adds to one or the other. */
	for (i = 0; i < 5; i++) {
		cost = loop_cost();
		if (cost < best)
			best = cost;
	}
	if (best < LOOPS * LOOP_SIZE || best > LOOPS * LOOP_SIZE + 100) {
		fprintf(stderr, "%d instructions took %lu ticks, this needs qemu -icount shift=0\n",
			LOOPS * LOOP_SIZE, best);
		exit(2);
	}
}
