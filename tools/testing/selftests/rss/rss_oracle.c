// SPDX-License-Identifier: GPL-2.0
/*
 * Prints what a set of processes has mapped, in pages, as the rss controller
 * must count it:
 *
 *	rss_oracle PID...
 *
 * "total" is mapped only by these processes; "outside" pages are also mapped
 * by others, so the page tables do not tell their owner.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "oracle.h"

int main(int argc, char **argv)
{
	struct oracle o;
	pid_t *pids;
	char *end;
	int err;
	int i;

	pids = calloc(argc, sizeof(*pids));
	if (!pids)
		return 1;
	for (i = 1; i < argc; i++) {
		pids[i - 1] = strtol(argv[i], &end, 10);
		if (*end || pids[i - 1] <= 0)
			argc = 1;
	}
	if (argc < 2) {
		fprintf(stderr, "usage: %s PID...\n", argv[0]);
		return 2;
	}

	err = oracle_count(pids, argc - 1, &o);
	free(pids);
	if (err) {
		fprintf(stderr, "%s: %s\n", argv[0], strerror(-err));
		return 1;
	}
	printf("total %ld\nanon %ld\nfile %ld\nshmem %ld\nksm %ld\noutside %ld\n",
	       o.anon + o.file, o.anon, o.file, o.shmem, o.ksm, o.outside);
	return 0;
}
