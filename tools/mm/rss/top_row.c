// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "message.h"
#include "size.h"
#include "top.h"

#define BAR	20

int top_name_width(const struct samples *samples)
{
	size_t i, width = strlen("name");

	for (i = 0; i < samples->nr; i++)
		if (strlen(samples->sample[i].name) > width)
			width = strlen(samples->sample[i].name);
	return width;
}

char *top_heading(int width)
{
	return format("%-*s %7s %7s %-*s %4s %9s %9s %8s", width, "name",
		      "usage", "limit", BAR + 2, "", "", "reclaim/s", "failcnt",
		      "oom_kill");
}

/* "[#####     ]  50%", or blanks if there is no limit. */
static void draw_bar(const struct record *r, char *bar, char *percent)
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
	filled = share < 1 ? share * BAR : BAR;
	bar[0] = '[';
	memset(bar + 1, ' ', BAR);
	memset(bar + 1, '#', filled);
	bar[BAR + 1] = ']';
	bar[BAR + 2] = 0;
	snprintf(percent, 8, "%.0f%%", share < 9 ? share * 100 : 999);
}

char *top_row(const struct sample *s, int width)
{
	char usage[SIZE_TEXT], limit[SIZE_TEXT], rate[SIZE_TEXT] = "-";
	char failcnt[SIZE_TEXT], kills[SIZE_TEXT];
	char bar[BAR + 3], percent[8];

	draw_bar(&s->record, bar, percent);
	if (s->rate >= 0)
		size_text(s->rate, rate);
	return format("%-*s %7s %7s %-*s %4s %9s %9s %8s", width, s->name,
		      record_text(&s->record, ATTR_USAGE, usage),
		      record_text(&s->record, ATTR_LIMIT, limit),
		      BAR + 2, bar, percent, rate,
		      record_text(&s->record, ATTR_FAILCNT, failcnt),
		      record_text(&s->record, ATTR_OOM_KILL, kills));
}
