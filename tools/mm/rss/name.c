// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <string.h>

#include "container.h"
#include "message.h"
#include "name.h"
#include "own.h"
#include "status.h"
#include "walk.h"

#define SELF	"self"

/* What follows a part of a path, or NULL. */
static const char *behind(const char *text, const char *part)
{
	size_t len = strlen(part);

	if (strncmp(text, part, len) || (text[len] && text[len] != '/'))
		return NULL;
	return text + len;
}

static char *below_self(const struct hierarchy *h, const char *rest)
{
	char *own = own_name(h), *path, *name;

	if (!own)
		fail(STATUS_NO_CONTAINER, "this process is outside %s",
		     h->path);
	path = format("%s%s", strcmp(own, "/") || !*rest ? own : "", rest);
	name = container_name(path);
	free(path);
	free(own);
	return name;
}

char *name_new(const struct hierarchy *h, const char *text)
{
	const char *rest = behind(text, SELF);

	if (rest)
		return below_self(h, rest);
	rest = behind(text, h->path);
	return container_name(rest ? *rest ? rest : "/" : text);
}

static bool is_unit(const char *name)
{
	static const char * const kinds[] = {
		".service", ".slice", ".scope", ".socket", ".mount", ".swap",
	};
	const char *dot = strrchr(name, '.');
	size_t i;

	for (i = 0; dot && i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(dot, kinds[i]))
			return !strchr(name, '/');
	return false;
}

struct search {
	const char *unit;
	char *found;
	bool several;
};

static void compare(struct container *c, void *arg)
{
	const char *slash = strrchr(c->name, '/');
	struct search *search = arg;

	if (strcmp(slash ? slash + 1 : c->name, search->unit))
		return;
	search->several = search->found;
	if (!search->found)
		search->found = allocated(strdup(c->name));
}

static bool exists(const struct hierarchy *h, const char *name)
{
	struct container c;

	if (container_try_open(&c, h, name))
		return false;
	container_close(&c);
	return true;
}

char *name_existing(const struct hierarchy *h, const char *text)
{
	char *name = name_new(h, text);
	struct search search = { .unit = name };

	if (!name || !is_unit(name) || exists(h, name))
		return name;
	walk(h, "/", compare, &search);
	if (search.several)
		fail(STATUS_USAGE, "several units are called %s, %s is one",
		     name, search.found);
	if (!search.found)
		return name;
	free(name);
	return search.found;
}
