// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "columns.h"
#include "message.h"
#include "size.h"
#include "top.h"

/* With its brackets */
#define BAR_MAX		22
#define BAR_MIN		10
#define NAME_MIN	8

/* What figures take, and the blanks between all columns */
#define FIGURES		" %7s %7s %-*s %4s %9s %9s %8s"
#define FIGURES_WIDTH	(7 + 7 + 4 + 9 + 9 + 8 + 7)

static int min(int a, int b)
{
	return a < b ? a : b;
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

/* Names take from the bar, it from them, but neither from the figures. */
struct top_layout top_layout(const struct samples *samples, int columns)
{
	int room = columns - FIGURES_WIDTH, name = strlen("name");
	struct top_layout layout;
	size_t i;

	for (i = 0; i < samples->nr; i++)
		name = max(name, columns_of(samples->sample[i].shown));
	layout.bar = min(max(room - name, BAR_MIN), BAR_MAX);
	if (room - layout.bar < min(name, NAME_MIN))
		layout.bar = 0;
	layout.name = max(min(name, room - layout.bar), strlen("name"));
	return layout;
}

char *top_heading(struct top_layout layout)
{
	return format("%-*s" FIGURES, layout.name, "name", "usage", "limit",
		      layout.bar, "", "", "reclaim/s", "failcnt", "oom_kill");
}

/* "[#####     ]  50%", or blanks if there is no limit. */
static void draw_bar(const struct record *r, int width, char *bar,
		     char *percent)
{
	unsigned long long usage = r->value[ATTR_USAGE];
	unsigned long long limit = r->value[ATTR_LIMIT];
	double share;
	int filled;

	bar[0] = 0;
	percent[0] = 0;
	if (!r->valid[ATTR_LIMIT] || limit == SIZE_UNLIMITED)
		return;
	if (limit)
		share = (double)usage / limit;
	else
		share = usage ? 1 : 0;
	snprintf(percent, 8, "%.0f%%", share < 9 ? share * 100 : 999);
	if (!width)
		return;
	filled = (share < 1 ? share : 1) * (width - 2);
	memset(bar, ' ', width);
	bar[0] = '[';
	memset(bar + 1, '#', filled);
	bar[width - 1] = ']';
	bar[width] = 0;
}

/* The end of a long name tells more. */
static char *cut(const char *name, int width)
{
	const char *end = name;

	if (columns_of(name) > width)
		end = columns_end(name, width - 1);
	return format("%s%s", end == name ? "" : "<", end);
}

char *top_row(const struct sample *s, struct top_layout layout)
{
	char *name = cut(s->shown, layout.name);
	char usage[SIZE_TEXT], limit[SIZE_TEXT], rate[SIZE_TEXT] = "-";
	char failcnt[SIZE_TEXT], kills[SIZE_TEXT];
	char bar[BAR_MAX + 1], percent[8], *row;

	draw_bar(&s->record, layout.bar, bar, percent);
	if (s->rate >= 0)
		size_text(s->rate, rate);
	row = format("%-*s" FIGURES, columns_pad(name, layout.name), name,
		     record_text(&s->record, ATTR_USAGE, usage),
		     record_text(&s->record, ATTR_LIMIT, limit),
		     layout.bar, bar, percent, rate,
		     record_text(&s->record, ATTR_FAILCNT, failcnt),
		     record_text(&s->record, ATTR_OOM_KILL, kills));
	free(name);
	return row;
}
