/* SPDX-License-Identifier: GPL-2.0-only */
/* Exit statuses of rssctl and rssd.  The man pages list them. */
#ifndef RSS_STATUS_H
#define RSS_STATUS_H

enum status {
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,		/* bad arguments */
	STATUS_UNSUPPORTED = 3,		/* the kernel lacks it */
	STATUS_NO_CONTAINER = 4,
	STATUS_BUSY = 5,		/* not reclaimed as much as asked for */
	STATUS_CONFIG = 6,		/* as init scripts have it */
	STATUS_TIMED_OUT = 7,

	/* "run": as env(1), timeout(1) and others that start a command */
	STATUS_RUN_FAILED = 125,
	STATUS_RUN_NOT_EXECUTABLE = 126,
	STATUS_RUN_NOT_FOUND = 127,
	STATUS_RUN_SIGNAL = 128,	/* plus the signal's number */
};

#endif
