// SPDX-License-Identifier: GPL-2.0
/*
 * libcgroup's tools on the controller, as on any other: cgcreate, cgexec,
 * cgclassify, cgdelete.  cgset and cgget deal with files only whose names begin
 * with that of a controller and a dot, which those of v1 don't.
 */
#include <stdio.h>
#include <string.h>

#include "container.h"
#include "hierarchy.h"
#include "runner.h"
#include "tool.h"

/* A container of the case, and "rss:" with its name, as the tools want it. */
static char *parent(char *group, size_t size)
{
	char *c = container_new(NULL, "libcgroup");

	snprintf(group, size, "rss:%s", container_path(c) + 1);
	return c;
}

static void test_create(void)
{
	char group[PATH_MAX], child[2 * PATH_MAX];
	struct tool t;
	char *c = parent(group, sizeof(group));

	snprintf(child, sizeof(child), "%s/made", group);
	tool_run(&t, "cgcreate", "-g", child, NULL);
	tool_expect_status(&t, 0);
	require(container_has(c, "made/rss_usage"), "no container was made");
	tool_run(&t, "cgdelete", "-g", child, NULL);
	tool_expect_status(&t, 0);
	require(!container_has(c, "made"), "the container is still there");
}

static void test_exec(void)
{
	char group[PATH_MAX];
	struct tool t;
	char *c = parent(group, sizeof(group));

	tool_run(&t, "cgexec", "-g", group, "cat", "/proc/self/cgroup", NULL);
	tool_expect_status(&t, 0);
	tool_expect_out(&t, container_path(c));
}

static void test_classify(void)
{
	char group[PATH_MAX], pid[16];
	struct tool sleeper, t;
	char *c = parent(group, sizeof(group));
	pid_t found = 0;

	tool_start(&sleeper, "sleep", "1000", NULL);
	snprintf(pid, sizeof(pid), "%d", sleeper.pid);
	tool_run(&t, "cgclassify", "-g", group, pid, NULL);
	tool_expect_status(&t, 0);
	require(container_pids(c, &found, 1) == 1 && found == sleeper.pid,
		"process %d is not there", sleeper.pid);
}

int main(void)
{
	static const struct rss_case cases[] = {
		T(test_create),
		T(test_exec),
		T(test_classify),
	};

	hierarchy_use(1);
	return run_cases(cases, ARRAY_SIZE(cases));
}
