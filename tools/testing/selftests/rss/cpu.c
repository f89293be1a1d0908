// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <sched.h>
#include <string.h>

#include "clock.h"
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

void cpu_run_on(int nr)
{
	static cpu_set_t allowed;
	cpu_set_t cpu;
	int i;

	if (!CPU_COUNT(&allowed))
		sched_getaffinity(0, sizeof(allowed), &allowed);
	for (i = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &allowed) && !nr--)
			break;
	if (i == CPU_SETSIZE)
		skip_case("needs more CPUs");
	CPU_ZERO(&cpu);
	CPU_SET(i, &cpu);
	require(!sched_setaffinity(0, sizeof(cpu), &cpu),
		"sched_setaffinity: %s", strerror(errno));
}

void cpu_hog(long ms)
{
	struct sched_param param = { .sched_priority = 1 };
	long end = clock_ms() + ms;

	require(!sched_setscheduler(0, SCHED_FIFO, &param),
		"sched_setscheduler: %s", strerror(errno));
	while (clock_ms() < end)
		;
	param.sched_priority = 0;
	require(!sched_setscheduler(0, SCHED_OTHER, &param),
		"sched_setscheduler: %s", strerror(errno));
}
