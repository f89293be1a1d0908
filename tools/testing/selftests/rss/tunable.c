// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "../cgroup/cgroup_util.h"
#include "mem.h"
#include "runner.h"
#include "tunable.h"

#define MOST	4

/* The value before the first change; shared with the cases. */
static struct saved {
	char path[128];
	char value[64];
} *saved;

void tunable_init(void)
{
	saved = (struct saved *)mem_shared(1);
}

/* Of a list of choices, the one in brackets. */
static void pick_choice(char *value)
{
	char *choice = strchr(value, '[');
	char *end = choice ? strchr(choice, ']') : NULL;

	if (!end)
		return;
	*end = 0;
	memmove(value, choice + 1, end - choice);
}

static void save(const char *path)
{
	int i;

	for (i = 0; saved[i].path[0]; i++) {
		if (!strcmp(saved[i].path, path))
			return;
		require(i < MOST - 1, "too many settings");
	}
	if (read_text(path, saved[i].value, sizeof(saved[i].value)) < 0)
		skip_case("no %s", path);
	pick_choice(saved[i].value);
	snprintf(saved[i].path, sizeof(saved[i].path), "%s", path);
}

void tunable_set(const char *path, const char *value)
{
	save(path);
	if (write_text(path, (char *)value, strlen(value)) < 0)
		skip_case("cannot set %s", path);
}

void tunable_restore(void)
{
	int i;

	for (i = 0; i < MOST && saved[i].path[0]; i++) {
		if (write_text(saved[i].path, saved[i].value,
			       strlen(saved[i].value)) < 0)
			ksft_print_msg("%s stays changed\n", saved[i].path);
		saved[i].path[0] = 0;
	}
}
