// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "cpu.h"
#include "runner.h"

void cpu_stay(void)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(sched_getcpu(), &cpus);
	require(!sched_setaffinity(0, sizeof(cpus), &cpus),
		"sched_setaffinity: %s", strerror(errno));
}
