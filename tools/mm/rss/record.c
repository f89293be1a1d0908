// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "record.h"
#include "size.h"
#include "utf8.h"

int record_read(struct record *r, const struct container *c)
{
	return record_read_some(r, c, RECORD_ALL);
}

int record_read_some(struct record *r, const struct container *c,
		     unsigned int attrs)
{
	enum attr id;
	int err;

	*r = (struct record){ };
	for (id = 0; id < NR_ATTRS; id++) {
		if (!(attrs & BIT(id)))
			continue;
		err = attr_read(c->h, c->dir, id, &r->value[id]);
		r->valid[id] = !err;
		if (err && id == ATTR_USAGE)
			return err;
	}
	return 0;
}

char *record_text(const struct record *r, enum attr id, char *text)
{
	if (!r->valid[id])
		snprintf(text, SIZE_TEXT, "-");
	else if (attr_is_size(id))
		size_text(r->value[id], text);
	else
		snprintf(text, SIZE_TEXT, "%llu", r->value[id]);
	return text;
}

struct json_object *record_json(const struct record *r, const char *name)
{
	struct json_object *json = allocated(json_object_new_object());
	struct json_object *value;
	char *text = utf8_text(name);
	enum attr id;

	json_object_object_add(json, "name", json_object_new_string(text));
	free(text);
	for (id = 0; id < NR_ATTRS; id++) {
		if (!r->valid[id])
			continue;
		value = NULL;
		if (r->value[id] != SIZE_UNLIMITED)
			value = json_object_new_uint64(r->value[id]);
		json_object_object_add(json, attr_name(id), value);
	}
	return json;
}

void json_print(struct json_object *json, bool indented)
{
	int flags = JSON_C_TO_STRING_NOSLASHESCAPE;

	flags |= indented ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED :
			    JSON_C_TO_STRING_PLAIN;
	puts(allocated((char *)json_object_to_json_string_ext(json, flags)));
	json_object_put(json);
}
