// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "runner.h"

long clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static long slowness(void)
{
	const char *text = getenv("RSS_SLOWNESS");
	long factor = text ? atol(text) : 1;

	require(factor >= 1, "RSS_SLOWNESS is %s", text);
	return factor;
}

long clock_allowed_ms(int seconds)
{
	return seconds * slowness() * 1000;
}

long clock_affordable(long rounds)
{
	return rounds / slowness();
}
