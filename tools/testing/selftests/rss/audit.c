// SPDX-License-Identifier: GPL-2.0
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../kselftest.h"
#include "audit.h"
#include "keys.h"

#define AUDIT_FILE	"/sys/kernel/debug/rss_audit"

/* Exiting tasks have unmapped their pages by then. */
#define RETRIES		20
#define RETRY_US	50000

static bool available;

/* The last output: figures, then a line for each difference. */
static char text[1 << 16];

void audit_init(void)
{
	available = !access(AUDIT_FILE, R_OK);
	if (!available)
		ksft_print_msg("no audit\n");
}

static long audit_figure(const char *name)
{
	return available ? read_key(AUDIT_FILE, name) : -1;
}

long audit_records(void)
{
	return audit_figure("records");
}

long audit_entries(void)
{
	return audit_figure("entries");
}

long audit_batches(void)
{
	return audit_figure("batches");
}

static bool read_audit(void)
{
	FILE *file = fopen(AUDIT_FILE, "r");
	bool failed;
	size_t len;

	if (!file)
		return false;
	len = fread(text, 1, sizeof(text) - 1, file);
	failed = ferror(file);
	fclose(file);
	text[len] = 0;
	return !failed;
}

static void print_lines(char *lines)
{
	char *line;

	for (line = strtok(lines, "\n"); line; line = strtok(NULL, "\n"))
		ksft_print_msg("audit: %s\n", line);
}

const char *audit_check(void)
{
	static char why[64];
	int differences, moving, lines;
	int retries = RETRIES;

	if (!available)
		return NULL;
	for (;;) {
		if (!read_audit())
			return "the audit cannot be read";
		if (sscanf(text, "differences %d moving %d %n", &differences,
			   &moving, &lines) != 2)
			return "the audit is not understood";
		if (!moving || !retries--)
			break;
		usleep(RETRY_US);
	}
	if (moving) {
		ksft_print_msg("audit: figures keep moving\n");
		return NULL;
	}
	if (!differences)
		return NULL;
	print_lines(text + lines);
	snprintf(why, sizeof(why), "differences that the audit found: %d",
		 differences);
	return why;
}
