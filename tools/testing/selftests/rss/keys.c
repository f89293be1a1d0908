// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "cgroup_util.h"
#include "keys.h"

long read_key(const char *path, const char *key)
{
	long value = -1, number;
	char line[256], name[128];
	FILE *file;

	file = fopen(path, "r");
	if (!file)
		return -1;
	while (value < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "%127s %ld", name, &number) == 2 &&
		    !strcmp(name, key))
			value = number;
	fclose(file);
	return value;
}

static int read_proc_stat(pid_t pid, char *state, long *ticks)
{
	long utime, stime;
	char buf[1024], *end;

	if (proc_read_text(pid, false, "stat", buf, sizeof(buf)) < 0)
		return -1;
	/* The second field may contain blanks and parentheses. */
	end = strrchr(buf, ')');
	if (!end || sscanf(end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
			   state, &utime, &stime) != 3)
		return -1;
	*ticks = utime + stime;
	return 0;
}

char proc_state(pid_t pid)
{
	char state;
	long ticks;

	return read_proc_stat(pid, &state, &ticks) ? 0 : state;
}

long proc_ticks(pid_t pid)
{
	char state;
	long ticks;

	return read_proc_stat(pid, &state, &ticks) ? -1 : ticks;
}

static long read_status(pid_t pid, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return read_key(path, key);
}

long proc_sleeps(pid_t pid)
{
	return read_status(pid, "voluntary_ctxt_switches:");
}

long proc_preemptions(pid_t pid)
{
	return read_status(pid, "nonvoluntary_ctxt_switches:");
}
