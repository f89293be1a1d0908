// SPDX-License-Identifier: GPL-2.0
#include "container.h"
#include "limit.h"
#include "runner.h"

char *limited_container(const char *name, long limit)
{
	char *container = container_new(NULL, name);

	container_set_pages(container, "rss_limit", limit);
	return container;
}

void check_held(const char *container, long highest, long allowance)
{
	long limit = container_get(container, "rss_limit");
	long max_usage = container_get(container, "rss_max_usage");

	require(highest <= limit + allowance, "usage %ld under a limit of %ld",
		highest, limit);
	require(max_usage <= limit + allowance,
		"max_usage %ld under a limit of %ld", max_usage, limit);
	require(container_usage(container) <= limit,
		"usage %ld at rest under a limit of %ld",
		container_usage(container), limit);
	require(container_get(container, "rss_failcnt") > 0, "failcnt is 0");
}

void child_step_limited(struct child *child, const char *container,
			long allowance)
{
	long highest = child_watch(child, 1, container);

	require(child->state == CHILD_SYNCED, "the child was killed");
	check_held(container, highest, allowance);
}
