// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reclaim goes on while it makes progress, which against a container that
 * faults as fast has no end. A signal ends it.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "attr.h"
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

/* What reclaim has taken from the container, ever. */
static unsigned long long reclaimed(const struct container *c)
{
	unsigned long long bytes;

	return attr_read(c->h, c->dir, ATTR_RECLAIMED, &bytes) ? 0 : bytes;
}

/*
 * A turn that was cut short got as far as it had time for. The kernel gives up
 * against tasks that fault as fast as it reclaims, too; then it has taken what
 * it was asked for. Less, and the rest can't be reclaimed: going on would only
 * take from tasks the few pages that they use all the time.
 */
static int judge(int err, unsigned long long taken, unsigned long long wanted)
{
	if (err == -EINTR)
		return taken ? 0 : -EBUSY;
	if (err == -EBUSY && taken >= wanted)
		return 0;
	return err;
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
	unsigned long long before = reclaimed(c);
	int err;

	timer_settime(timer, 0, &on, NULL);
	err = reclaim_once(c, usage, target);
	timer_settime(timer, 0, &off, NULL);
	return judge(err, reclaimed(c) - before, usage - target);
}
