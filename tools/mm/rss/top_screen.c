// SPDX-License-Identifier: GPL-2.0-only
#include <ncurses.h>
#include <stdlib.h>

#include "message.h"
#include "status.h"
#include "top.h"
#include "utf8.h"

static void draw(const struct top *top, const struct samples *samples)
{
	struct top_layout layout = top_layout(samples, COLS);
	char *text;
	size_t i;

	char *path = utf8_shown(top->h->path);

	erase();
	mvprintw(0, 0, "%s  %zu container%s  sorted by %s  (q: quit, s: sort)",
		 path, samples->nr, samples->nr == 1 ? "" : "s",
		 order_name(top->order));
	free(path);
	text = top_heading(layout);
	attron(A_REVERSE);
	mvprintw(1, 0, "%-*.*s", COLS, COLS, text);
	attroff(A_REVERSE);
	free(text);
	for (i = 0; i < samples->nr && (int)i + 2 < LINES; i++) {
		text = top_row(&samples->sample[i], layout);
		mvaddnstr(i + 2, 0, text, COLS);
		free(text);
	}
	refresh();
}

/* Returns false when the user wants to end it. */
static bool obey(struct top *top)
{
	switch (getch()) {
	case 'q':
	case 'Q':
		return false;
	case 's':
		top->order = (top->order + 1) % NR_ORDERS;
		break;
	}
	return true;
}

void top_screen(struct top *top)
{
	struct samples before, now;
	unsigned long left = top->iterations;

	if (!newterm(NULL, stdout, stdin))
		fail(STATUS_FAILED, "the terminal is of no known type");
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	timeout(top->delay * 1000);
	samples_take(&before, NULL, top->h, top->name);
	do {
		samples_take(&now, &before, top->h, top->name);
		samples_sort(&now, top->order);
		draw(top, &now);
		samples_free(&before);
		before = now;
	} while (obey(top) && (!left || --left));
	samples_free(&before);
	endwin();
}
