// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_util.h"
#include "control.h"
#include "hierarchy.h"
#include "keys.h"
#include "mem.h"
#include "runner.h"

struct control {
	const char *v1;
	const char *v2;
	const char *key;	/* its line, if it has several */
	bool bytes;		/* in v2 */
};

static const struct control controls[] = {
	{ "rss_usage", "rss.current", .bytes = true },
	{ "rss_limit", "rss.max", .bytes = true },
	{ "rss_max_usage", "rss.peak", .bytes = true },
	{ "rss_watermark", "rss.watermark", .bytes = true },
	{ "rss_failcnt", "rss.events.local", .key = "max" },
	{ "rss_reclaimed", "rss.stat", .key = "pgsteal" },
	{ "rss_stat", "rss.stat" },
	{ "rss_events", "rss.events" },
};

/* NULL if the name needs no translation. */
static const struct control *find(const char *file)
{
	unsigned int i;

	if (!hierarchy_is_v2())
		return NULL;
	for (i = 0; i < ARRAY_SIZE(controls); i++)
		if (!strcmp(controls[i].v1, file))
			return &controls[i];
	return NULL;
}

const char *control_name(const char *file)
{
	const struct control *control = find(file);

	return control ? control->v2 : file;
}

static long to_pages(const char *file, long bytes)
{
	require(bytes % page_size() == 0, "%s: %ld bytes are no whole pages",
		file, bytes);
	return bytes / page_size();
}

static long read_line(const char *container, const char *file, const char *key)
{
	char *path = cg_control(container, file);
	long value = read_key(path, key);

	require(value >= 0, "no %s in %s", key, path);
	free(path);
	return value;
}

static long read_number(const char *container, const char *file)
{
	char buf[64], *end;
	long value;
	int err;

	err = cg_read(container, file, buf, sizeof(buf));
	require(!err, "reading %s/%s: %s", container, file, strerror(-err));
	if (!strcmp(buf, "max\n"))
		return NO_LIMIT;
	value = strtol(buf, &end, 10);
	require(end > buf && !strcmp(end, "\n"), "%s reads '%s'", file, buf);
	return value;
}

long control_read(const char *container, const char *file)
{
	const struct control *control = find(file);
	long value;

	if (!control)
		return read_number(container, file);
	if (control->key)
		return read_line(container, control->v2, control->key);
	value = read_number(container, control->v2);
	if (control->bytes && value != NO_LIMIT)
		value = to_pages(control->v2, value);
	return value;
}

long control_stat(const char *container, const char *key)
{
	long value = read_line(container, control_name("rss_stat"), key);
	/* pgscan and pgsteal are page counts in both. */
	bool bytes = hierarchy_is_v2() && strncmp(key, "pg", 2);

	return bytes ? to_pages(key, value) : value;
}

/* Whether it is a bare number, of pages in v1. */
static bool is_bare(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && !text[digits];
}

int control_write(const char *container, const char *file, const char *text)
{
	const struct control *control = find(file);
	char bytes[32];

	if (control && control->bytes && is_bare(text)) {
		snprintf(bytes, sizeof(bytes), "%llu",
			 strtoull(text, NULL, 10) * page_size());
		text = bytes;
	}
	return cg_write(container, control_name(file), (char *)text);
}
