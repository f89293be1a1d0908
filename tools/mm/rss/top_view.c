// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "message.h"
#include "top_view.h"

static void leave_out(struct samples *samples, const char *filter)
{
	struct sample *s;
	size_t i, nr = 0;

	for (i = 0; i < samples->nr; i++) {
		s = &samples->sample[i];
		if (strstr(s->name, filter)) {
			samples->sample[nr++] = *s;
			continue;
		}
		free(s->name);
		free(s->shown);
	}
	samples->nr = nr;
}

static void reverse(struct samples *samples)
{
	struct sample *a = samples->sample, *b = a + samples->nr, swap;

	while (a < --b) {
		swap = *a;
		*a++ = *b;
		*b = swap;
	}
}

/* "a/b/c" as "    c" */
static void indent(struct sample *s)
{
	const char *slash = strrchr(s->shown, '/');
	char *shown = s->shown;
	int depth = 0;

	for (; *shown; shown++)
		depth += *shown == '/';
	if (!slash)
		return;
	shown = format("%*s%s", 2 * depth, "", slash + 1);
	free(s->shown);
	s->shown = shown;
}

void top_view_apply(const struct top_view *view, struct samples *samples)
{
	size_t i;

	leave_out(samples, view->filter);
	if (view->tree) {
		for (i = 0; i < samples->nr; i++)
			indent(&samples->sample[i]);
		return;
	}
	samples_sort(samples, view->order);
	if (view->reverse && samples->nr)
		reverse(samples);
}

void top_view_scroll(struct top_view *view, long by, size_t nr, size_t rows)
{
	size_t last = nr > rows ? nr - rows : 0;

	if (by < 0 && (size_t)-by > view->first)
		view->first = 0;
	else
		view->first += by;
	if (view->first > last)
		view->first = last;
}
