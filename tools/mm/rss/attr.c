// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attr.h"
#include "file.h"
#include "size.h"

/* How a file has a value: v1 has sizes in pages, v2 mostly in bytes. */
enum unit { COUNT, PAGES, BYTES };

struct place {
	const char *file;
	const char *key;	/* of a line, in files with several values */
	enum unit unit;
	enum { READ, RESET, WRITE } access;
};

/*
 * failcnt is of the container itself in v1, the events add up what is below
 * it. In v2, writing to rss.peak is for one reader only: it resets nothing.
 */
static const struct {
	const char *name;
	struct place place[2];
} attrs[NR_ATTRS] = {
	[ATTR_USAGE] = { "usage", {
		{ "rss_usage", NULL, PAGES, READ },
		{ "rss.current", NULL, BYTES, READ },
	} },
	[ATTR_LIMIT] = { "limit", {
		{ "rss_limit", NULL, PAGES, WRITE },
		{ "rss.max", NULL, BYTES, WRITE },
	} },
	[ATTR_PEAK] = { "peak", {
		{ "rss_max_usage", NULL, PAGES, RESET },
		{ "rss.peak", NULL, BYTES, READ },
	} },
	[ATTR_WATERMARK] = { "watermark", {
		{ "rss_watermark", NULL, PAGES, WRITE },
		{ "rss.watermark", NULL, BYTES, WRITE },
	} },
	[ATTR_FAILCNT] = { "failcnt", {
		{ "rss_failcnt", NULL, COUNT, RESET },
		{ "rss.events.local", "max", COUNT, READ },
	} },
	[ATTR_RECLAIMED] = { "reclaimed", {
		{ "rss_reclaimed", NULL, PAGES, READ },
		{ "rss.stat", "pgsteal", PAGES, READ },
	} },
	[ATTR_OOM] = { "oom", {
		{ "rss_events", "oom", COUNT, READ },
		{ "rss.events", "oom", COUNT, READ },
	} },
	[ATTR_OOM_KILL] = { "oom_kill", {
		{ "rss_events", "oom_kill", COUNT, READ },
		{ "rss.events", "oom_kill", COUNT, READ },
	} },
};

static const struct place *place_of(const struct hierarchy *h, enum attr id)
{
	return &attrs[id].place[h->version - 1];
}

const char *attr_name(enum attr id)
{
	return attrs[id].name;
}

bool attr_is_size(enum attr id)
{
	return attrs[id].place[0].unit != COUNT;
}

const char *attr_file(const struct hierarchy *h, enum attr id)
{
	return place_of(h, id)->file;
}

bool attr_can_set(const struct hierarchy *h, enum attr id)
{
	return place_of(h, id)->access == WRITE;
}

bool attr_can_reset(const struct hierarchy *h, enum attr id)
{
	return place_of(h, id)->access == RESET;
}

static int parse(const struct place *place, const char *text,
		 unsigned long long *value)
{
	if (place->key)
		return file_key(text, place->key, value) ? 0 : -ENODATA;
	if (!strncmp(text, "max", 3)) {
		*value = SIZE_UNLIMITED;
		return 0;
	}
	return number_parse(text, value) ? 0 : -EBADMSG;
}

int attr_read(const struct hierarchy *h, int dir, enum attr id,
	      unsigned long long *value)
{
	const struct place *place = place_of(h, id);
	char text[FILE_TEXT];
	int err;

	err = file_read(dir, place->file, text);
	if (err)
		return err;
	err = parse(place, text, value);
	if (!err && place->unit == PAGES && *value != SIZE_UNLIMITED)
		*value = size_of_pages(*value, h->page_size);
	return err;
}

int attr_write(const struct hierarchy *h, int dir, enum attr id,
	       unsigned long long value)
{
	const struct place *place = place_of(h, id);
	char text[SIZE_TEXT] = "max";

	if (place->unit == PAGES && value != SIZE_UNLIMITED)
		value /= h->page_size;
	if (value != SIZE_UNLIMITED)
		snprintf(text, sizeof(text), "%llu", value);
	return file_write(dir, place->file, text);
}
