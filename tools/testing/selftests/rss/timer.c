// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <string.h>

#include "runner.h"
#include "timer.h"

#define NSEC_PER_SEC	1000000000L

static void ignore(int sig)
{
	(void)sig;
}

timer_t timer_new(int signo)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = signo,
	};
	timer_t timer;

	require(!timer_create(CLOCK_MONOTONIC, &event, &timer), "timer: %s",
		strerror(errno));
	return timer;
}

timer_t timer_new_interrupt(void)
{
	const struct sigaction action = { .sa_handler = ignore };

	require(!sigaction(SIGUSR1, &action, NULL), "sigaction: %s",
		strerror(errno));
	return timer_new(SIGUSR1);
}

void timer_set(timer_t timer, long ns)
{
	const struct itimerspec when = {
		.it_value.tv_sec = ns / NSEC_PER_SEC,
		.it_value.tv_nsec = ns % NSEC_PER_SEC,
	};

	require(!timer_settime(timer, 0, &when, NULL), "timer: %s",
		strerror(errno));
}
