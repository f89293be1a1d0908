/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel log from some point on. */
#ifndef RSS_KMSG_H
#define RSS_KMSG_H

#include <stdbool.h>

struct kmsg {
	int fd;
	size_t len;
	char text[1 << 16];	/* one record per line */
};

/* Starts now; skips the case if the log cannot be read. */
void kmsg_open(struct kmsg *log);

/* Number of records since then that contain a text. */
int kmsg_count(struct kmsg *log, const char *text);

/* Whether one of them contains a number, not as a part of another. */
bool kmsg_has_number(struct kmsg *log, long number);

#endif
