// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runner.h"
#include "trace.h"

static char instance[PATH_MAX];
static pid_t owner;

static char text[1 << 20];

static void remove_instance(void)
{
	if (getpid() == owner)
		rmdir(instance);
}

void trace_init(void)
{
	static const char * const mounts[] = {
		"/sys/kernel/tracing", "/sys/kernel/debug/tracing",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(mounts); i++) {
		snprintf(instance, sizeof(instance), "%s/instances/ksft_rss_%d",
			 mounts[i], getpid());
		if (!mkdir(instance, 0700)) {
			owner = getpid();
			atexit(remove_instance);
			return;
		}
	}
	instance[0] = 0;
}

/* Opening the buffer with O_TRUNC empties it. */
static void write_file(const char *file, const char *value, int flags)
{
	char path[PATH_MAX + 64];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", instance, file);
	fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		skip_case("%s: %s", path, strerror(errno));
	close(fd);
}

void trace_start(void)
{
	if (!instance[0])
		skip_case("no trace instance to be had");
	trace_stop();
	write_file("trace", "\n", O_TRUNC);
	write_file("events/rss_container/enable", "1", 0);
}

void trace_stop(void)
{
	write_file("events/rss_container/enable", "0", 0);
}

static void read_trace(void)
{
	char path[PATH_MAX + 64];
	size_t len;
	FILE *file;

	snprintf(path, sizeof(path), "%s/trace", instance);
	file = fopen(path, "r");
	require(file, "%s: %s", path, strerror(errno));
	len = fread(text, 1, sizeof(text) - 1, file);
	require(len < sizeof(text) - 1, "the trace is too long");
	fclose(file);
	text[len] = 0;
}

const char *trace_next(size_t *at, const char *name)
{
	char *found, label[64];

	if (!*at)
		read_trace();
	snprintf(label, sizeof(label), ": %s: ", name);
	found = strstr(text + *at, label);
	if (!found)
		return NULL;
	found += strlen(label);
	*at = found - text;
	return found;
}

unsigned long long trace_id(const char *container)
{
	struct stat st;

	require(!stat(container, &st), "%s: %s", container, strerror(errno));
	return st.st_ino;
}
