// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <time.h>

#include "median.h"

#define LONG_US		100000

static long now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int compare(const void *a, const void *b)
{
	long x = *(const long *)a, y = *(const long *)b;

	return (x > y) - (x < y);
}

long median_us(void (*fn)(void *arg, int i), void *arg)
{
	static long samples[MEDIAN_SAMPLES];
	long start;
	int nr = 0;

	do {
		start = now_us();
		fn(arg, nr);
		samples[nr] = now_us() - start;
	} while (samples[nr++] < LONG_US && nr < MEDIAN_SAMPLES);
	if (nr < MEDIAN_SAMPLES)
		return samples[nr - 1];
	qsort(samples, nr, sizeof(*samples), compare);
	return samples[nr / 2];
}
