// SPDX-License-Identifier: GPL-2.0-only
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "file.h"
#include "message.h"
#include "status.h"
#include "top.h"

static void print(const struct samples *samples)
{
	struct top_layout layout = top_layout(samples, INT_MAX);
	char *text = top_heading(layout);
	size_t i;

	puts(text);
	free(text);
	for (i = 0; i < samples->nr; i++) {
		text = top_row(&samples->sample[i], layout);
		puts(text);
		free(text);
	}
}

static void print_json(const struct samples *samples)
{
	struct json_object *list = allocated(json_object_new_array());
	struct json_object *one;
	const struct sample *s;
	size_t i;

	for (i = 0; i < samples->nr; i++) {
		s = &samples->sample[i];
		one = record_json(&s->record, s->name);
		if (s->rate >= 0)
			json_object_object_add(one, "reclaim_rate",
					       json_object_new_uint64(s->rate));
		json_object_array_add(list, one);
	}
	json_print(list, false);
}

static void pause_for(double seconds)
{
	struct timespec time = { .tv_sec = seconds };

	time.tv_nsec = (seconds - time.tv_sec) * 1e9;
	nanosleep(&time, NULL);
}

/* A table, or a line of JSON, every so often; rates take a first look. */
static int print_all(const struct top *top, bool json)
{
	unsigned int attrs = json ? RECORD_ALL : RECORD_TABLE;
	struct samples before, now;
	int err;
	unsigned long i;

	samples_take(&before, NULL, top->h, top->name, attrs);
	for (i = 0; !top->iterations || i < top->iterations; i++) {
		pause_for(top->delay);
		samples_take(&now, &before, top->h, top->name, attrs);
		samples_sort(&now, top->order);
		if (i && !json)
			putchar('\n');
		if (json)
			print_json(&now);
		else
			print(&now);
		if (fflush(stdout))
			break;
		samples_free(&before);
		before = now;
	}
	err = before.err;
	samples_free(&before);
	return err;
}

static enum order parse_order(const struct command_line *cl, const char *text)
{
	enum order order;

	for (order = 0; order < NR_ORDERS; order++)
		if (!strcmp(order_name(order), text))
			return order;
	command_misused(cl, "no such order: '%s'", text);
}

static int run(struct command_line *cl)
{
	static const struct option options[] = {
		{ "batch", no_argument, NULL, 'b' },
		{ "delay", required_argument, NULL, 'd' },
		{ "iterations", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "sort", required_argument, NULL, 's' },
		{ }
	};
	bool screen = isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
	struct top top = { .h = &cl->h, .delay = 1 };
	struct container c;
	bool json = false;
	int option, err = 0;

	file_limit_raise();
	while ((option = command_option(cl, options, false)) > 0) {
		if (option == 'b')
			screen = false;
		else if (option == 'd')
			top.delay = command_seconds(cl, optarg);
		else if (option == 'j')
			json = true;
		else if (option == 'n')
			top.iterations = command_number(cl, optarg);
		else
			top.order = parse_order(cl, optarg);
	}
	if (!isatty(STDOUT_FILENO) && !top.iterations)
		top.iterations = 1;
	container_open(&c, &cl->h, command_arguments(cl, 0, 1)[0] ?: "/");
	top.name = c.name;
	if (screen && !json)
		top_screen(&top);
	else
		err = print_all(&top, json);
	if (err)
		fail(STATUS_FAILED, "%s: not all containers were seen: %s",
		     top.name, strerror(-err));
	container_close(&c);
	return 0;
}

const struct command command_top = {
	.name = "top",
	.arguments = "[NAME]",
	.summary = "Shows containers live: usage against limit, reclaim, OOM kills",
	.options = "  -b, --batch         plain text, also on a terminal\n"
		   "  -d, --delay SECS    time between two looks; 1 if not given\n"
		   "  -j, --json          JSON, a line for each look\n"
		   "  -n, --iterations N  end after so many; 1 if not on a terminal\n"
		   "  -s, --sort ORDER    usage (if not given), rate, failcnt, name, share,\n"
		   "                      limit, peak or kills\n",
	.run = run,
};
