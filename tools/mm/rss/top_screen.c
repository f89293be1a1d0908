// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <ncurses.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "message.h"
#include "size.h"
#include "status.h"
#include "top.h"
#include "top_view.h"
#include "utf8.h"

#define HEADING_ROWS	2

enum colour { COLOUR_NONE, COLOUR_NEAR, COLOUR_FULL };

struct screen {
	struct top *top;
	struct top_view view;
	struct samples raw;	/* as they were taken */
	double next;		/* look, by the monotonic clock */
	size_t nr;		/* rows that there are */
	bool anew;		/* draw all, not only what differs */
};

static const char * const help[] = {
	"Keys:",
	"  q            quit",
	"  s            next order: usage, rate, failcnt, name, share, limit, peak, kills",
	"  u r f n      order by usage, reclaim rate, failcnt, name",
	"  p l k o      order by share of the limit, limit, peak, OOM kills",
	"  R            other way round",
	"  t            as a tree",
	"  /            only names that contain a text; Enter ends it, Esc drops it",
	"  arrows, PgUp, PgDn, Home, End",
	"  h ?          this",
};

static int rows(void)
{
	int left = LINES - HEADING_ROWS;

	return left > 0 ? left : 1;
}

/* Near its limit, a container is seen from afar. */
static enum colour colour_of(const struct record *r)
{
	unsigned long long limit = r->value[ATTR_LIMIT];

	if (!r->valid[ATTR_LIMIT] || limit == SIZE_UNLIMITED)
		return COLOUR_NONE;
	if (r->value[ATTR_USAGE] >= limit / 100 * 95)
		return COLOUR_FULL;
	return r->value[ATTR_USAGE] >= limit / 100 * 80 ? COLOUR_NEAR :
							  COLOUR_NONE;
}

static void draw_status(const struct screen *s, const struct samples *samples)
{
	char *path = utf8_shown(s->top->h->path);
	const char *order = order_name(s->view.order);

	mvprintw(0, 0, "%s  %zu container%s  ", path, samples->nr,
		 samples->nr == 1 ? "" : "s");
	if (s->view.tree)
		printw("as a tree");
	else
		printw("sorted by %s%s", order,
		       s->view.reverse ? ", lowest first" : "");
	if (s->view.typing || s->view.filter[0])
		printw("  /%s%s", s->view.filter, s->view.typing ? "_" : "");
	if (samples->err)
		printw("  not all: %s", strerror(-samples->err));
	else
		printw("  (q: quit, h: help)");
	free(path);
}

static void draw_rows(const struct screen *s, const struct samples *samples)
{
	struct top_layout layout = top_layout(samples, COLS);
	const struct sample *sample;
	enum colour colour;
	char *text;
	int y;

	text = top_heading(layout);
	attron(A_REVERSE);
	mvprintw(1, 0, "%-*.*s", COLS, COLS, text);
	attroff(A_REVERSE);
	free(text);
	for (y = 0; y < rows() && s->view.first + y < samples->nr; y++) {
		sample = &samples->sample[s->view.first + y];
		colour = colour_of(&sample->record);
		text = top_row(sample, layout);
		if (colour)
			attron(COLOR_PAIR(colour));
		mvaddstr(y + HEADING_ROWS, 0, text);
		if (colour)
			attroff(COLOR_PAIR(colour));
		free(text);
	}
}

static void draw(struct screen *s)
{
	struct samples shown;
	size_t i;

	samples_copy(&shown, &s->raw);
	top_view_apply(&s->view, &shown);
	s->nr = shown.nr;
	top_view_scroll(&s->view, 0, s->nr, rows());
	/* Of another size, getch() has shown the old text already. */
	if (s->anew)
		clear();
	else
		erase();
	s->anew = false;
	draw_status(s, &shown);
	if (s->view.help)
		for (i = 0; i < ARRAY_SIZE(help); i++)
			mvaddnstr(i + 1, 0, help[i], COLS);
	else
		draw_rows(s, &shown);
	refresh();
	samples_free(&shown);
}

static void type(struct top_view *view, int key)
{
	size_t len = strlen(view->filter);

	/* What is behind the text is 0 already. */
	view->first = 0;
	if (key == 27)
		memset(view->filter, 0, FILTER_MAX);
	if (key == 27 || key == '\n' || key == KEY_ENTER)
		view->typing = false;
	else if (key == KEY_BACKSPACE || key == 127 || key == 8)
		view->filter[len ? len - 1 : 0] = 0;
	else if (key >= ' ' && key < 256 && len + 1 < FILTER_MAX)
		view->filter[len] = key;
}

static bool choose_order(struct top_view *view, int key)
{
	static const char keys[NR_ORDERS + 1] = "urfnplko";
	const char *found = key > 0 && key < 128 ? strchr(keys, key) : NULL;

	if (key == 's')
		view->order = (view->order + 1) % NR_ORDERS;
	else if (found)
		view->order = found - keys;
	else
		return false;
	view->tree = false;
	return true;
}

/* Returns false when the user wants to end it. */
static bool obey(struct screen *s, int key)
{
	struct top_view *view = &s->view;

	if (view->typing) {
		type(view, key);
		return true;
	}
	if (choose_order(view, key))
		return true;
	switch (key) {
	case 'q':
	case 'Q':
		return false;
	case 'R':
		view->reverse = !view->reverse;
		break;
	case 't':
		view->tree = !view->tree;
		break;
	case 'h':
	case '?':
		view->help = !view->help;
		break;
	case '/':
		view->typing = true;
		break;
	case 27:
		memset(view->filter, 0, FILTER_MAX);
		break;
	case KEY_RESIZE:
		s->anew = true;
		break;
	case KEY_UP:
		top_view_scroll(view, -1, s->nr, rows());
		break;
	case KEY_DOWN:
		top_view_scroll(view, 1, s->nr, rows());
		break;
	case KEY_PPAGE:
		top_view_scroll(view, -rows(), s->nr, rows());
		break;
	case KEY_NPAGE:
		top_view_scroll(view, rows(), s->nr, rows());
		break;
	case KEY_HOME:
		view->first = 0;
		break;
	case KEY_END:
		top_view_scroll(view, s->nr, s->nr, rows());
		break;
	}
	return true;
}

/*
 * Keys until the next look is due. Returns false when the user wants to end it,
 * or the terminal is gone.
 */
static bool read_keys(struct screen *s)
{
	struct pollfd terminal = { .fd = STDIN_FILENO, .events = POLLIN };
	double left;
	int key;

	for (;;) {
		left = s->next - monotonic_seconds();
		if (left <= 0)
			return true;
		if (poll(&terminal, 1, left * 1000 + 1) < 0 && errno != EINTR)
			return false;
		if (terminal.revents & (POLLHUP | POLLERR | POLLNVAL))
			return false;
		key = getch();
		if (key == ERR && terminal.revents)
			return false;
		for (; key != ERR; key = getch())
			if (!obey(s, key))
				return false;
		draw(s);
	}
}

static void look(struct screen *s)
{
	struct samples now;

	samples_take(&now, &s->raw, s->top->h, s->top->name, RECORD_TABLE);
	samples_free(&s->raw);
	s->raw = now;
	s->next = monotonic_seconds() + s->top->delay;
}

static void begin(void)
{
	if (!newterm(NULL, stdout, stdin))
		fail(STATUS_FAILED, "the terminal is of no known type");
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	timeout(0);
	set_escdelay(25);
	start_color();
	use_default_colors();
	init_pair(COLOUR_NEAR, COLOR_YELLOW, -1);
	init_pair(COLOUR_FULL, COLOR_RED, -1);
}

void top_screen(struct top *top)
{
	struct screen s = { .top = top, .view.order = top->order };
	unsigned long left = top->iterations;

	begin();
	samples_take(&s.raw, NULL, top->h, top->name, RECORD_TABLE);
	do {
		look(&s);
		draw(&s);
	} while (read_keys(&s) && (!left || --left));
	samples_free(&s.raw);
	endwin();
}
