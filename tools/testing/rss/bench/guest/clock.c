// SPDX-License-Identifier: GPL-2.0-only
/*
 * The clock: in a guest of "qemu -icount shift=0", the time stamp counter is
 * the number of instructions executed. Elsewhere it is not, and all figures
 * would be meaningless.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bench.h"

#define LOOPS		100000
#define LOOP_SIZE	2	/* instructions */

static volatile unsigned long *idle_loops;

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

	/* A timer interrupt adds to some of these. */
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

/* From here on, executes only LOOP_SIZE instructions per loop. */
static noreturn void loop_when_idle(void)
{
	static const struct sched_param param;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) ||
	    sched_setscheduler(0, SCHED_IDLE, &param))
		die("idle process");
	asm volatile("1: incq %0; jmp 1b" : "+m" (*idle_loops));
	__builtin_unreachable();
}

/*
 * The clock jumps over idle time. From now on there is none: a process that
 * runs when no other wants to counts its own instructions.
 */
void count_idle(void)
{
	pid_t pid;

	idle_loops = mmap(NULL, page_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (idle_loops == MAP_FAILED)
		die("mmap");
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid)
		loop_when_idle();
	while (!*idle_loops)
		usleep(1000);
}

unsigned long busy(void)
{
	return now() - *idle_loops * LOOP_SIZE;
}
