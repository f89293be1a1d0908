// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench GROUP...: runs groups of rows and prints a line for each row: name,
 * unit, and instructions per unit, the median and the minimum of all runs,
 * separated by tabs. The caller chooses the containers to run in.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MOST_REPEAT	25

static const struct group {
	const char *name;
	const struct row *rows;
} groups[] = {
	{ "fault", fault_rows },
	{ "process", process_rows },
	{ "huge", huge_rows },
	{ "limit", limit_rows },
	{ "first", first_rows },
	{ "cgroup", cgroup_rows },
	{ "job", job_rows },
	{ "removal", removal_rows },
	{ }
};

void die(const char *what)
{
	perror(what);
	exit(1);
}

static int compare(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void run_row(const struct row *row)
{
	unsigned int repeat = row->repeat ? row->repeat : MOST_REPEAT;
	unsigned long cost[MOST_REPEAT];
	unsigned int i;

	if (row->setup)
		row->setup();
	/* Warm-up */
	for (i = 0; i < repeat / 5; i++)
		row->run();
	for (i = 0; i < repeat; i++)
		cost[i] = row->run();
	qsort(cost, repeat, sizeof(*cost), compare);
	printf("%s\t%s\t%.3f\t%.3f\n", row->name, row->unit,
	       (double)cost[repeat / 2] / row->units,
	       (double)cost[0] / row->units);
	exit(0);
}

static void run_group(const char *name)
{
	const struct group *group = groups;
	const struct row *row;
	int status;
	pid_t pid;

	while (group->name && strcmp(group->name, name))
		group++;
	if (!group->name) {
		fprintf(stderr, "no group %s\n", name);
		exit(2);
	}
	for (row = group->rows; row->name; row++) {
		fflush(stdout);
		pid = fork();
		if (pid < 0)
			die("fork");
		if (!pid)
			run_row(row);
		if (waitpid(pid, &status, 0) != pid || status) {
			fprintf(stderr, "%s: failed\n", row->name);
			exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	int i;

	/* The program of the exec row */
	if (argc == 1 && !strcmp(argv[0], EXIT_NAME))
		return 0;
	if (argc < 2) {
		fprintf(stderr, "Usage: bench GROUP...\n");
		return 2;
	}
	page_size = sysconf(_SC_PAGESIZE);
	check_clock();
	for (i = 1; i < argc; i++)
		run_group(argv[i]);
	return 0;
}
