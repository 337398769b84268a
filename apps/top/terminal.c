/* SPDX-License-Identifier: MIT */
/*
 * The grid on a terminal, and keys from it.
 *
 * Invariant: however it is left, the terminal is as it was before; a size that changes is taken
 * over at the next frame. The only file that knows ncurses.
 */
#include "top/top.h"

/* ncurses' names are short, and functions of it macros: it comes after all others. */
#include <curses.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DELAY_LEAST_S 0.1

enum { WAIT_MS = 100, ESCAPE_MS = 25, ROWS_LEAST = 5 };

struct screen {
	SCREEN *curses;
	attr_t styles[TOP_STYLES];
	short colors[TOP_STYLES];
	struct top_frame frame;
};

/* --- Looks --- */

static void choose_styles(struct screen *screen)
{
	static const attr_t styles[TOP_STYLES] = {
		[TOP_TITLE] = A_REVERSE, [TOP_BOLD] = A_BOLD, [TOP_DIM] = A_DIM,
		[TOP_BAD] = A_BOLD,      [TOP_MARK] = A_BOLD, [TOP_CHOSEN] = A_REVERSE,
		[TOP_WARN] = A_BOLD,
	};
	static const short colors[TOP_STYLES] = { [TOP_GOOD] = COLOR_GREEN,
						  [TOP_WARN] = COLOR_YELLOW,
						  [TOP_BAD] = COLOR_RED,
						  [TOP_MARK] = COLOR_CYAN };
	const char *none = getenv("NO_COLOR");
	bool is_colored = !(none && *none) && has_colors();

	memcpy(screen->styles, styles, sizeof(styles));
	if (!is_colored || start_color() == ERR)
		return;
	(void)use_default_colors(); /* refused: black behind all is fine, too */
	for (int i = 0; i < TOP_STYLES; i++)
		if (colors[i] != 0 && init_pair((short)i, colors[i], -1) != ERR)
			screen->colors[i] = (short)i;
}

/* --- Frames --- */

static int fit_frame(struct screen *screen)
{
	int rows, columns;

	getmaxyx(stdscr, rows, columns);
	if (rows == screen->frame.rows && columns == screen->frame.columns)
		return 0;
	top_frame_close(&screen->frame);
	return top_frame_open(&screen->frame, rows, columns);
}

static void put_cell(const struct screen *screen, int row, int column)
{
	const struct top_cell *cell = &screen->frame.cells[row * screen->frame.columns + column];
	wchar_t text[2] = { cell->point ? (wchar_t)cell->point : L' ', L'\0' };
	cchar_t out;

	if (setcchar(&out, text, screen->styles[cell->style], screen->colors[cell->style], NULL) ==
	    OK)
		(void)mvadd_wch(row, column, &out); /* ERR in the last corner only */
}

static int draw(struct screen *screen, const struct top_model *model, struct top_view *view)
{
	int rc = fit_frame(screen);

	if (rc < 0)
		return rc;
	top_draw(&screen->frame, model, view);
	for (int row = 0; row < screen->frame.rows; row++)
		for (int column = 0; column < screen->frame.columns; column++)
			put_cell(screen, row, column);
	(void)refresh(); /* a terminal that is gone is noticed by the next key */
	return 0;
}

/* --- Keys --- */

static uint32_t key_of(int got)
{
	static const struct {
		int curses;
		enum top_key key;
	} keys[] = {
		{ KEY_UP, TOP_KEY_UP },
		{ KEY_DOWN, TOP_KEY_DOWN },
		{ KEY_LEFT, TOP_KEY_LEFT },
		{ KEY_RIGHT, TOP_KEY_RIGHT },
		{ KEY_PPAGE, TOP_KEY_PAGE_UP },
		{ KEY_NPAGE, TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, TOP_KEY_HOME },
		{ KEY_END, TOP_KEY_END },
		{ KEY_BTAB, TOP_KEY_BACK_TAB },
		{ KEY_ENTER, TOP_KEY_ENTER },
		{ KEY_BACKSPACE, TOP_KEY_BACKSPACE },
		{ '\t', TOP_KEY_TAB },
		{ '\r', TOP_KEY_ENTER },
		{ '\n', TOP_KEY_ENTER },
		{ 27, TOP_KEY_ESCAPE },
		{ 127, TOP_KEY_BACKSPACE },
		{ 8, TOP_KEY_BACKSPACE },
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].curses == got)
			return keys[i].key;
	return got > 0 && got < 0x100 ? (uint32_t)got : 0;
}

static void remove_stale(const struct top_model *model, struct top_view *view)
{
	uint32_t count;
	int rc = top_remove_leftovers(model, &count);

	view->wants_removal = false;
	(void)snprintf(view->message, sizeof(view->message), "%u files removed%s%s",
		       (unsigned)count, rc < 0 ? "; of the others: " : "",
		       rc < 0 ? strerror(-rc) : "");
}

/* A program that ended is no longer there to be shown. */
static void leave_ended(const struct top_model *model, struct top_view *view)
{
	if (view->pid == 0 || top_shown(model, view))
		return;
	(void)snprintf(view->message, sizeof(view->message), "process %d has ended",
		       (int)view->pid);
	view->pid = 0;
	view->is_list = true;
}

static int look_again(struct top_model *model, struct top_view *view)
{
	int rc = view->is_paused ? 0 : top_refresh(model);

	if (rc == 0)
		leave_ended(model, view);
	return rc;
}

static int run(struct screen *screen, struct top_model *model, struct top_view *view)
{
	uint64_t next_ns = top_now_ns();
	bool is_stale = true;
	int rc = 0;

	while (rc == 0 && !view->wants_end && !app_was_interrupted()) {
		uint64_t now = top_now_ns();
		int got;

		if (now >= next_ns) {
			rc = look_again(model, view);
			next_ns = now + (uint64_t)(view->delay_s * 1e9);
			is_stale = true;
		}
		if (rc == 0 && is_stale)
			rc = draw(screen, model, view);
		is_stale = false;
		got = rc == 0 ? getch() : ERR;
		if (got == ERR) {
			/* One that was hung up gives no keys, and does not wait for any. */
			view->wants_end |= !isatty(STDIN_FILENO);
			continue;
		}
		is_stale = true;
		if (key_of(got))
			top_press(view, model, key_of(got), screen->frame.rows - ROWS_LEAST);
		if (view->wants_removal) {
			remove_stale(model, view);
			rc = top_refresh(model);
		}
	}
	return rc;
}

/* --- A terminal that cannot place its cursor gets frame after frame --- */

static int run_dumb(struct top_model *model, struct top_view *view)
{
	struct top_frame frame;
	int rc = top_frame_open(&frame, 24, 80);

	while (rc == 0 && !app_was_interrupted()) {
		struct timespec pause = { (time_t)view->delay_s,
					  (long)((view->delay_s - (double)(time_t)view->delay_s) *
						 1e9) };

		top_draw(&frame, model, view);
		top_frame_print(&frame, stdout);
		if (fflush(stdout) != 0)
			rc = -errno;
		(void)nanosleep(&pause, NULL); /* Ctrl-C ends it early */
		if (rc == 0)
			rc = look_again(model, view);
	}
	top_frame_close(&frame);
	return rc;
}

/* --- From the beginning to the end --- */

static bool can_place_cursor(void)
{
	const char *word = tigetstr("cup");

	return word && word != (char *)-1;
}

static int run_screen(struct screen *screen, struct top_model *model, struct top_view *view)
{
	int rc;

	(void)cbreak(); /* what a terminal refuses it does without */
	(void)noecho();
	(void)nonl();
	(void)keypad(stdscr, TRUE);
	(void)curs_set(0);
	(void)set_escdelay(ESCAPE_MS);
	timeout(WAIT_MS);
	choose_styles(screen);
	rc = run(screen, model, view);
	(void)endwin(); /* also where it is gone: there is nothing left to restore */
	top_frame_close(&screen->frame);
	return rc;
}

int top_terminal_run(struct top_model *model, struct top_view *view)
{
	struct screen screen = { .curses = newterm(NULL, stdout, stdin) };
	int rc;

	if (view->delay_s < DELAY_LEAST_S)
		view->delay_s = DELAY_LEAST_S;
	if (screen.curses && can_place_cursor()) {
		rc = run_screen(&screen, model, view);
	} else {
		if (screen.curses)
			(void)endwin(); /* nothing was drawn */
		app_note(TOP_NAME,
			 "TERM=%s cannot place a cursor: frames one after another, Ctrl-C "
			 "ends it",
			 getenv("TERM") ? getenv("TERM") : "");
		rc = run_dumb(model, view);
	}
	if (screen.curses)
		delscreen(screen.curses);
	return rc < 0 ? app_failed(TOP_NAME, "%s", strerror(-rc)) : APP_OK;
}
