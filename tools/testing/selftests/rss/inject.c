// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inject.h"
#include "runner.h"
#include "tunable.h"

static void set(const char *name, const char *file, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", name, file);
	tunable_set(path, value);
}

void inject_start(const char *name)
{
	/* In this order, undone in reverse: else all tasks fail in between. */
	set(name, "probability", "0");
	set(name, "task-filter", "Y");
	set(name, "verbose", "0");
	set(name, "ignore-gfp-wait", "N");
	set(name, "times", "-1");
	set(name, "probability", "100");
}

int inject_open(void)
{
	int fd = open("/proc/self/make-it-fail", O_WRONLY);

	if (fd < 0)
		skip_case("make-it-fail: %s", strerror(errno));
	return fd;
}

void inject_set(int fd, const char *on)
{
	require(write(fd, on, 1) == 1, "make-it-fail: %s", strerror(errno));
}
