// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "attr.h"
#include "command.h"
#include "lifecycle.h"
#include "message.h"
#include "name.h"
#include "size.h"

static void set(struct container *c, enum attr id, unsigned long long value)
{
	int err, status;

	if (value == SIZE_UNLIMITED)
		return;
	err = attr_write(c->h, c->dir, id, value);
	if (!err)
		return;
	status = container_explain(c, attr_file(c->h, id), err);
	container_remove(c);
	quit(status);
}

static void make_parents(const struct hierarchy *h, const char *text)
{
	char *name = name_new(h, text), *slash = name;
	struct container c;

	while (name && (slash = strchr(slash, '/'))) {
		*slash = 0;
		if (container_try_open(&c, h, name))
			container_make(&c, h, name);
		container_close(&c);
		*slash++ = '/';
	}
	free(name);
}

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "limit", required_argument, NULL, 'l' },
		{ "parents", no_argument, NULL, 'p' },
		{ "watermark", required_argument, NULL, 'w' },
		{ }
	};
	struct share max = SHARE_UNLIMITED, watermark = SHARE_UNLIMITED;
	bool parents = false;
	struct container c;
	int option;
	char **args;

	while ((option = command_option(cl, options, false)) > 0) {
		if (option == 'l')
			max = command_share(cl, optarg);
		else if (option == 'w')
			watermark = command_share(cl, optarg);
		else
			parents = true;
	}
	max.value = share_of_memory(max);
	watermark.value = command_share_of_limit(cl, watermark, max.value);
	args = command_arguments(cl, 1, 1);
	if (parents)
		make_parents(&cl->h, args[0]);
	container_make(&c, &cl->h, args[0]);
	set(&c, ATTR_LIMIT, max.value);
	set(&c, ATTR_WATERMARK, watermark.value);
	container_close(&c);
	return 0;
}

const struct command command_create = {
	.name = "create",
	.arguments = "NAME",
	.summary = "Makes a container",
	.options = "  -l, --limit SIZE    its limit; unlimited if not given\n"
		   "  -p, --parents       make those above it, too\n"
		   "  -w, --watermark SIZE  its watermark; none if not given\n",
	.run = run,
};
