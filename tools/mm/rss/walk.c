// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <string.h>

#include "message.h"
#include "walk.h"

static int is_child(const struct dirent *ent)
{
	return ent->d_type == DT_DIR && strcmp(ent->d_name, ".") &&
	       strcmp(ent->d_name, "..");
}

void walk(const struct hierarchy *h, const char *top, walk_fn fn, void *arg)
{
	struct dirent **children;
	struct container c;
	char *name;
	int i, nr;

	if (container_try_open(&c, h, top))
		return;
	fn(&c, arg);
	nr = scandirat(c.dir, ".", &children, is_child, versionsort);
	container_close(&c);
	for (i = 0; i < nr; i++) {
		if (strcmp(top, "/"))
			name = format("%s/%s", top, children[i]->d_name);
		else
			name = format("%s", children[i]->d_name);
		free(children[i]);
		walk(h, name, fn, arg);
		free(name);
	}
	if (nr >= 0)
		free(children);
}

static void add_name(struct container *c, void *arg)
{
	struct names *names = arg;

	names->name = allocated(reallocarray(names->name, names->nr + 1,
					     sizeof(*names->name)));
	names->name[names->nr++] = allocated(strdup(c->name));
}

void names_below(struct names *names, const struct hierarchy *h,
		 const char *top)
{
	names->name = NULL;
	names->nr = 0;
	walk(h, top, add_name, names);
}

void names_free(struct names *names)
{
	while (names->nr)
		free(names->name[--names->nr]);
	free(names->name);
}
