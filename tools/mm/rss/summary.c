// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "message.h"
#include "size.h"
#include "summary.h"
#include "utf8.h"

/* Pressure stall information of v2: "some avg10=0.00 ... total=1234" */
static double stalled(const struct container *c)
{
	unsigned long long usec;
	char text[FILE_TEXT];
	const char *total;

	if (file_read(c->dir, "memory.pressure", text))
		return -1;
	total = strstr(text, "total=");
	if (!total || !number_parse(total + strlen("total="), &usec))
		return -1;
	return usec / 1e6;
}

void summary_take(struct summary *s, const struct container *c)
{
	int events = openat(c->dir, events_file(c->h), O_RDONLY | O_CLOEXEC);

	s->name = allocated(strdup(c->name));
	record_read(&s->record, c);
	s->has_events = events >= 0 && !events_read(events, s->events);
	if (events >= 0)
		close(events);
	s->stalled = stalled(c);
}

static struct json_object *to_json(const struct summary *s)
{
	static const enum attr unwanted[] = { ATTR_USAGE, ATTR_WATERMARK };
	struct json_object *json = record_json(&s->record, s->name);
	size_t i;
	int event;

	for (i = 0; i < ARRAY_SIZE(unwanted); i++)
		json_object_object_del(json, attr_name(unwanted[i]));
	if (s->has_events) {
		struct json_object *events = json_object_new_object();

		for (event = 0; event < NR_EVENTS; event++)
			json_object_object_add(events, event_name(event),
					       json_object_new_uint64(s->events[event]));
		json_object_object_add(json, "events", events);
	}
	if (s->stalled >= 0)
		json_object_object_add(json, "stalled",
				       json_object_new_double(s->stalled));
	json_object_object_add(json, "seconds",
			       json_object_new_double(s->seconds));
	json_object_object_add(json, "status", json_object_new_int(s->status));
	return json;
}

static void print_times(FILE *file, const char *what, unsigned long long times)
{
	fprintf(file, ", %s %llu time%s", what, times, times == 1 ? "" : "s");
}

static void print_text(const struct summary *s, FILE *file)
{
	char peak[SIZE_TEXT], limit[SIZE_TEXT], reclaimed[SIZE_TEXT];
	char *name = utf8_escaped(s->name);

	fprintf(file, "%s: %.1f s, peak %s of %s", name, s->seconds,
		record_text(&s->record, ATTR_PEAK, peak),
		record_text(&s->record, ATTR_LIMIT, limit));
	if (s->has_events)
		print_times(file, "limit hit", s->events[EVENT_LIMIT]);
	fprintf(file, ", %s reclaimed",
		record_text(&s->record, ATTR_RECLAIMED, reclaimed));
	if (s->stalled >= 0)
		fprintf(file, ", %.2f s stalled for memory", s->stalled);
	if (s->has_events)
		fprintf(file, ", %llu OOM kill%s", s->events[EVENT_OOM_KILL],
			s->events[EVENT_OOM_KILL] == 1 ? "" : "s");
	fputc('\n', file);
	free(name);
}

void summary_print(struct summary *s, FILE *file, bool json)
{
	struct json_object *object = json ? to_json(s) : NULL;

	if (json)
		fprintf(file, "%s\n",
			json_object_to_json_string_ext(object,
						       JSON_C_TO_STRING_PLAIN |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		print_text(s, file);
	json_object_put(object);
	free(s->name);
}
