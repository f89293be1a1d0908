// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "command.h"
#include "attr.h"
#include "message.h"
#include "status.h"

struct setting {
	enum attr id;
	struct share value;
};

static struct setting parse(const struct command_line *cl, const char *text)
{
	const char *value = strchr(text, '=');
	struct setting s;

	if (!value)
		command_misused(cl, "not KEY=VALUE: '%s'", text);
	for (s.id = 0; s.id < NR_ATTRS; s.id++)
		if (!strncmp(attr_name(s.id), text, value - text) &&
		    !attr_name(s.id)[value - text])
			break;
	value++;
	if (s.id == ATTR_LIMIT || s.id == ATTR_WATERMARK) {
		s.value = command_share(cl, value);
	} else if (s.id == ATTR_FAILCNT || s.id == ATTR_PEAK) {
		if (strcmp(value, "0"))
			command_misused(cl, "%s can be set to 0 only",
					attr_name(s.id));
		s.value = (struct share){ };
	} else {
		command_misused(cl, "no such setting: '%s'", text);
	}
	return s;
}

static void check_hierarchy(const struct hierarchy *h, struct setting s)
{
	if (!attr_can_set(h, s.id) && !attr_can_reset(h, s.id))
		fail(STATUS_UNSUPPORTED, "%s can't be reset in cgroup v%d",
		     attr_name(s.id), h->version);
}

/* Limits are shares of memory, watermarks of the limit, also of a new one. */
static void resolve(const struct command_line *cl, const struct container *c,
		    struct setting *settings, int nr)
{
	unsigned long long limit = SIZE_UNLIMITED;
	struct setting *s;

	attr_read(c->h, c->dir, ATTR_LIMIT, &limit);
	for (s = settings; s < settings + nr; s++) {
		if (s->id != ATTR_LIMIT)
			continue;
		s->value.value = share_of_memory(s->value);
		limit = s->value.value;
	}
	for (s = settings; s < settings + nr; s++)
		if (s->id == ATTR_WATERMARK)
			s->value.value = command_share_of_limit(cl, s->value,
								limit);
}

static int run(struct command_line *cl)
{
	static struct setting *settings;	/* ends with the program */
	struct container c;
	struct setting s;
	char **args;
	int i, nr, err;

	while (command_option(cl, NULL, false) > 0)
		;
	/* A mistake in any of them changes nothing. */
	nr = cl->argc - optind - 1;
	settings = allocated(calloc(nr > 0 ? nr : 1, sizeof(*settings)));
	for (i = 0; i < nr; i++)
		settings[i] = parse(cl, cl->argv[optind + 1 + i]);

	args = command_arguments(cl, 2, cl->argc);
	for (i = 0; i < nr; i++)
		check_hierarchy(&cl->h, settings[i]);
	container_open(&c, &cl->h, args[0]);
	resolve(cl, &c, settings, nr);
	for (i = 0; i < nr; i++) {
		s = settings[i];
		err = attr_write(&cl->h, c.dir, s.id, s.value.value);
		if (err)
			container_fail(&c, attr_file(&cl->h, s.id), err);
	}
	container_close(&c);
	return 0;
}

const struct command command_set = {
	.name = "set",
	.arguments = "NAME KEY=VALUE...",
	.summary = "Sets limit, watermark; resets failcnt, peak to 0",
	.run = run,
};
