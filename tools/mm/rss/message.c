// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "message.h"
#include "status.h"
#include "utf8.h"

static const char *prefix = "";
static int highest = LOG_NOTICE;
static int fail_status;

void message_from(const char *program)
{
	prefix = program;
}

void message_level(int level)
{
	highest = level;
}

/* The journal reads a level in front of a line, and knows who wrote it. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 &&
	       !fstat(STDERR_FILENO, &st) && st.st_dev == dev &&
	       st.st_ino == ino;
}

/* Names of containers are in it, which others may have given. */
static char *escaped(const char *fmt, va_list args)
{
	static bool nested;
	char *text, *safe;

	/* There is no memory to do that. */
	if (nested || vasprintf(&text, fmt, args) < 0)
		return NULL;
	nested = true;
	safe = utf8_escaped(text);
	nested = false;
	free(text);
	return safe;
}

static void print(int level, const char *fmt, va_list args)
{
	static int journal = -1;
	char *text;

	if (level > highest)
		return;
	text = escaped(fmt, args);
	if (journal < 0)
		journal = stderr_is_journal();
	flockfile(stderr);
	if (journal)
		fprintf(stderr, "<%d>", level);
	else
		fprintf(stderr, "%s: ", prefix);
	fprintf(stderr, "%s\n", text ?: "out of memory");
	funlockfile(stderr);
	free(text);
}

void message(int level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print(level, fmt, args);
	va_end(args);
}

void quit(int status)
{
	exit(fail_status ?: status);
}

void fail(int status, const char *fmt, ...)
{
	va_list args;

	fflush(stdout);
	va_start(args, fmt);
	print(LOG_ERR, fmt, args);
	va_end(args);
	quit(status);
}

void fail_only_with(int status)
{
	fail_status = status;
}

void *allocated(void *memory)
{
	if (!memory)
		fail(STATUS_FAILED, "out of memory");
	return memory;
}

char *format(const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	return allocated(len < 0 ? NULL : text);
}
