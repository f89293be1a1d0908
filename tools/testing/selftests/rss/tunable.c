// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cgroup_util.h"
#include "mem.h"
#include "runner.h"
#include "tunable.h"

#define MOST	16

/* The value before the first change; shared with the cases. */
static struct saved {
	char path[128];
	char value[64];
} *saved;

void tunable_init(void)
{
	saved = (struct saved *)mem_shared(1);
}

/* The current one of several choices, as in "always [madvise] never". */
static void keep_choice(char *value)
{
	char *start = strchr(value, '['), *end = strchr(value, ']');

	if (!start || !end || end < start)
		return;
	*end = 0;
	memmove(value, start + 1, end - start);
}

static bool save(const char *path)
{
	int i;

	for (i = 0; saved[i].path[0]; i++) {
		if (!strcmp(saved[i].path, path))
			return true;
		require(i < MOST - 1, "too many settings");
	}
	if (read_text(path, saved[i].value, sizeof(saved[i].value)) < 0)
		return false;
	keep_choice(saved[i].value);
	snprintf(saved[i].path, sizeof(saved[i].path), "%s", path);
	return true;
}

void tunable_order(const char *path, const char *order)
{
	ssize_t ret = write_text(path, (char *)order, strlen(order));

	if (ret < 0)
		skip_case("writing %s to %s: %s", order, path, strerror(-ret));
}

void tunable_set(const char *path, const char *value)
{
	if (!save(path))
		skip_case("no %s", path);
	tunable_order(path, value);
}

void tunable_try(const char *path, const char *value)
{
	if (save(path))
		write_text(path, (char *)value, strlen(value));
}

/* Some files refuse their current value. */
static bool is_changed(const struct saved *saved)
{
	char value[sizeof(saved->value)];

	if (read_text(saved->path, value, sizeof(value)) < 0)
		return true;
	keep_choice(value);
	return strcmp(value, saved->value);
}

static void restore(struct saved *saved)
{
	ssize_t ret;

	if (!is_changed(saved))
		return;
	ret = write_text(saved->path, saved->value, strlen(saved->value));
	/* A setting of something that the case has removed is gone. */
	if (ret < 0 && ret != -ENOENT)
		ksft_print_msg("%s stays changed\n", saved->path);
}

void tunable_restore(void)
{
	int i;

	for (i = 0; i < MOST && saved[i].path[0]; i++) {
		restore(&saved[i]);
		saved[i].path[0] = 0;
	}
}
