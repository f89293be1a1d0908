// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim goes on while it makes progress, which against a container that
 * faults as fast has no end. A signal ends it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "message.h"
#include "reclaim.h"
#include "status.h"
#include "turn.h"

#define TURN_NSEC	100000000

static timer_t timer;

static void interrupt(int sig)
{
	(void)sig;
}

void turn_init(void)
{
	/* Without SA_RESTART */
	const struct sigaction action = { .sa_handler = interrupt };
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGALRM,
	};

	if (sigaction(SIGALRM, &action, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer))
		fail(STATUS_FAILED, "timer: %s", strerror(errno));
}

int turn_reclaim(const struct container *c, unsigned long long usage,
		 unsigned long long target)
{
	/* Again and again: the first may come before the write begins. */
	const struct itimerspec on = {
		.it_value.tv_nsec = TURN_NSEC,
		.it_interval.tv_nsec = TURN_NSEC,
	};
	const struct itimerspec off = { };
	int err;

	timer_settime(timer, 0, &on, NULL);
	err = reclaim_once(c, usage, target);
	timer_settime(timer, 0, &off, NULL);
	return err == -EINTR ? 0 : err;
}
