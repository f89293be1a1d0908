// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "kmsg.h"
#include "runner.h"

void kmsg_open(struct kmsg *log)
{
	log->len = 0;
	log->text[0] = 0;
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log->fd < 0 || lseek(log->fd, 0, SEEK_END) < 0)
		skip_case("no /dev/kmsg");
}

/* A record is "priority,number,time,flags;text" and lines with a blank. */
static void read_log(struct kmsg *log)
{
	char record[8192], *text;
	ssize_t len;

	for (;;) {
		len = read(log->fd, record, sizeof(record) - 1);
		if (len < 0 && errno == EPIPE)
			continue;
		if (len <= 0)
			return;
		record[len] = 0;
		text = strchr(record, ';');
		if (!text)
			continue;
		*strchrnul(text, '\n') = 0;
		len = snprintf(log->text + log->len,
			       sizeof(log->text) - log->len, "%s\n", text + 1);
		require(log->len + len < sizeof(log->text),
			"the kernel log is flooded");
		log->len += len;
	}
}

int kmsg_count(struct kmsg *log, const char *text)
{
	const char *at;
	int nr = 0;

	read_log(log);
	for (at = log->text; (at = strstr(at, text)); nr++)
		at = strchrnul(at, '\n');
	return nr;
}

bool kmsg_has_number(struct kmsg *log, long number)
{
	char digits[32];
	const char *at;
	size_t len;

	read_log(log);
	len = snprintf(digits, sizeof(digits), "%ld", number);
	for (at = log->text; (at = strstr(at, digits)); at++)
		if ((at == log->text || !isdigit(at[-1])) && !isdigit(at[len]))
			return true;
	return false;
}
