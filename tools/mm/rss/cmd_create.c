// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "command.h"
#include "lifecycle.h"
#include "name.h"

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
	container_begin_with(&c, ATTR_LIMIT, max.value);
	container_begin_with(&c, ATTR_WATERMARK, watermark.value);
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
