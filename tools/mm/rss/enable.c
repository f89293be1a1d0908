// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "container.h"
#include "enable.h"
#include "file.h"
#include "message.h"

static int enable_below(const struct hierarchy *h, const char *parent)
{
	struct container c;
	int err;

	err = container_try_open(&c, h, parent);
	if (err)
		return err;
	/* A user with a delegated part of v2 can't write above it. */
	if (!file_has_word(c.dir, "cgroup.subtree_control", "rss"))
		err = file_write(c.dir, "cgroup.subtree_control", "+rss");
	container_close(&c);
	return err;
}

int enable_for(const struct hierarchy *h, const char *name, char **where)
{
	char *parent, *slash;
	int err;

	*where = NULL;
	if (h->version == 1 || !strcmp(name, "/"))
		return 0;
	err = enable_below(h, "/");
	if (err) {
		*where = format("/");
		return err;
	}
	parent = allocated(strdup(name));
	for (slash = parent; !err && (slash = strchr(slash, '/'));) {
		*slash = 0;
		err = enable_below(h, parent);
		if (!err)
			*slash++ = '/';
	}
	if (err)
		*where = parent;
	else
		free(parent);
	return err;
}
