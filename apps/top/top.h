/* SPDX-License-Identifier: MIT */
/*
 * What the files of `nodewise top` share.
 *
 * options.c   words of the command line
 * find.c      files of numbers: which there are, which run, which were left behind
 * read.c      such a file -> struct top_program, twice -> rates
 * proc.c      /proc of its process: threads, memory by node
 * derive.c    what follows from it: locality, time left, roles of columns
 * frame.c     characters and styles on a grid; the grid as text
 * grid.c      a table on the grid: order, search, formats
 * keys.c      a key -> another view
 * screens.c   the views that every program has; machine.c the first of them
 * programs.c  the views of check, relay, scan, cdn; dag.c the one of dag
 * json.c      the same as an object
 * terminal.c  the grid on a terminal
 * top.c       the subcommand
 *
 * Invariant: screens are functions of a model and a view, and write nothing but the grid. Rates are
 * differences of two readings that are made here: a program that is looked at does nothing for it.
 */
#ifndef APP_TOP_TOP_H
#define APP_TOP_TOP_H

#include "common/app.h"

#include <nw/stats.h>
#include <nw/topo.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOP_NAME     "top"
#define TOP_NS_PER_S UINT64_C(1000000000)

enum { TOP_NODES_MAX = 1024, TOP_THREADS_MAX = 4096, TOP_CPU_NONE = -1, TOP_NOTES_MAX = 512 };

/* ---- What was read ---- */

struct top_column {
	char name[NW_STATS_NAME_BYTES];
	char unit[NW_STATS_UNIT_BYTES];
	enum nw_stats_kind kind;
};

struct top_row {
	char label[NW_STATS_LABEL_BYTES];
	int node_id; /* as its label says, else what it is declared for; -1: any */
	int cpu_id;  /* as its label says; TOP_CPU_NONE */
};

struct top_table {
	char name[NW_STATS_NAME_BYTES];
	uint32_t column_count, row_count;
	struct top_column *columns; /* [column_count] */
	struct top_row *rows;       /* [row_count] */
	uint64_t *values;           /* [row_count * column_count] */
	double *rates; /* likewise, of counters, a second; 0 before the second reading */
};

struct top_text {
	char name[NW_STATS_NAME_BYTES];
	char text[NW_STATS_TEXT_BYTES];
};

struct top_thread {
	int32_t tid;
	char name[16];
	int cpu_id;       /* where it ran last */
	uint64_t used_ns; /* CPU time */
	double load;      /* of one CPU, 0 to 1, since the reading before */
};

/* Memory of a process by where it is. */
struct top_memory {
	int error; /* negative errno: it cannot be read */
	uint64_t bytes[TOP_NODES_MAX];
	uint64_t bound_bytes;     /* in mappings whose policy names nodes */
	uint64_t misplaced_bytes; /* of them on other nodes */
	uint64_t total_bytes;
	uint32_t mapping_count, bound_count;
};

struct top_program {
	char path[NW_STATS_PATH_BYTES];
	char name[NW_STATS_NAME_BYTES];
	int32_t pid;
	uint64_t started_wall_ns;
	bool is_alive;
	bool has_rates; /* there were two readings */
	uint64_t read_ns, read_wall_ns;
	struct top_table *tables; /* [table_count] */
	uint32_t table_count;
	struct top_text *texts; /* [text_count] */
	uint32_t text_count;
	struct nw_stats_note_info *notes; /* [note_count], the newest ones, oldest first */
	uint32_t note_count;
	uint64_t notes_next;
	struct top_thread *threads; /* [thread_count] by tid */
	uint32_t thread_count;
	uint64_t threads_ns; /* when they were read; 0: not yet */
	double load;         /* of all threads, in CPUs */
	struct top_memory memory;
	struct nw_stats_view *view; /* NULL: of a test */
};

/* A file that is not a running program's. */
struct top_leftover {
	char path[NW_STATS_PATH_BYTES];
	char name[NW_STATS_NAME_BYTES]; /* "": not readable */
	int32_t pid;
	int error; /* 0: whole, but its process is gone */
};

/* The machine as it is laid out; borrowed topology. */
struct top_model {
	const struct nw_topo *topo; /* NULL: unknown */
	struct top_program *programs;
	uint32_t program_count;
	struct top_leftover *leftovers;
	uint32_t leftover_count;
};

/* find.c */
/* All of this user's; one that was there keeps what was read. 0 or a negative errno. */
int top_find(struct top_model *model);
/* Finds and reads all. Likewise. */
int top_refresh(struct top_model *model);
/* The program, or NULL. */
struct top_program *top_program_by_pid(const struct top_model *model, int32_t pid);
/* Removes the files of dead processes; *ret_count of them. 0 or the first negative errno. */
int top_remove_leftovers(const struct top_model *model, uint32_t *ret_count);
void top_model_free(struct top_model *model);

/* read.c: 0 or -ENOMEM. */
int top_describe(struct top_program *program);
int top_read(struct top_program *program);
void top_program_free(struct top_program *program);
/* NULL: there is none. */
const struct top_table *top_table_named(const struct top_program *program, const char *name);
const char *top_text_named(const struct top_program *program, const char *name);
/* "CPU 5", "node 2" in a label; -1 where it does not say. */
int top_number_behind(const char *label, const char *word);
/* Of two readings, a second; what went back is 0. */
double top_rate(uint64_t before, uint64_t now, uint64_t ns);

/* proc.c */
uint64_t top_now_ns(void);
int top_read_process(struct top_program *program);
/* One line of /proc/PID/numa_maps into the sums. */
void top_memory_line(struct top_memory *memory, const char *line);
/* One line of /proc/PID/task/TID/stat; false: it is none. */
bool top_thread_line(struct top_thread *thread, const char *line, uint64_t ticks_per_s);
/* What the placement comes to, one sentence, in buf. Returns buf. */
const char *top_verdict(const struct top_memory *memory, char *buf, size_t buf_bytes);
bool top_verdict_is_good(const struct top_memory *memory);

/* derive.c */

/* What the columns of a table stand for in every program; -1: it has none. */
struct top_roles {
	int rate;  /* what it gets done */
	int queue; /* what waits */
	int level; /* backpressure */
};
struct top_roles top_roles_of(const struct top_table *table);

struct top_locality {
	bool has_checks, has_steals, has_handed, has_preferred;
	uint64_t local, remote;
	double local_rate, remote_rate;
	uint64_t same_node, cross_node;
	double same_node_rate, cross_node_rate;
	uint64_t handed;
	double handed_rate;
	uint64_t preferred, elsewhere;
};
struct top_locality top_locality_of(const struct top_program *program);
/* The table whose rows are workers (shards, nodes of a graph); NULL. */
const struct top_table *top_workers(const struct top_program *program);
int top_column_named(const struct top_table *table, const char *name);               /* -1 */
uint64_t top_value(const struct top_table *table, uint32_t row_idx, int column_idx); /* -1: 0 */
double top_rate_of(const struct top_table *table, uint32_t row_idx, int column_idx);
uint64_t top_sum(const struct top_table *table, int column_idx);
double top_sum_rate(const struct top_table *table, int column_idx);
/* Seconds; negative: it cannot be said. */
double top_check_left_s(const struct top_table *search);
double top_scan_left_s(const struct top_table *workers);

/* ---- The grid ---- */

enum top_style {
	TOP_PLAIN,
	TOP_TITLE, /* reversed */
	TOP_BOLD,
	TOP_DIM,
	TOP_GOOD,
	TOP_WARN,
	TOP_BAD,
	TOP_MARK,
	TOP_CHOSEN, /* the row that keys act on */
	TOP_STYLES
};

struct top_cell {
	uint32_t point; /* of Unicode; 0: a space */
	uint8_t style;
};

struct top_frame {
	int rows, columns;
	struct top_cell *cells; /* [rows * columns] */
};

/* 0 or -ENOMEM. */
int top_frame_open(struct top_frame *frame, int rows, int columns);
void top_frame_close(struct top_frame *frame);
void top_frame_clear(struct top_frame *frame);
/* Returns the column behind it; what is outside of the grid is cut. */
int top_put(struct top_frame *frame, int row, int column, enum top_style style, const char *format,
	    ...) __attribute__((format(printf, 5, 6)));
/* The same, cut to width and filled up to it. */
int top_put_width(struct top_frame *frame, int row, int column, int width, enum top_style style,
		  const char *text);
void top_put_right(struct top_frame *frame, int row, int column, int width, enum top_style style,
		   const char *text);
/* "[####....]", share 0 to 1. */
void top_put_bar(struct top_frame *frame, int row, int column, int width, enum top_style style,
		 double share);
/* A row from edge to edge. */
void top_put_line(struct top_frame *frame, int row, enum top_style style, const char *text);
/* Lines without what is empty at their ends. */
void top_frame_print(const struct top_frame *frame, FILE *out);

/* "1.25 M", "980", at least 16 bytes; returns buf. */
char *top_short(double n, char *buf, size_t buf_bytes);
/* Of one value, by the unit of its column, at least 32 bytes. */
char *top_value_text(const struct top_table *table, uint32_t row_idx, uint32_t column_idx,
		     char *buf, size_t buf_bytes);

/* ---- The view ---- */

enum top_screen {
	TOP_SCREEN_MACHINE,
	TOP_SCREEN_LOCALITY,
	TOP_SCREEN_MEMORY,
	TOP_SCREEN_PROGRAM,
	TOP_SCREEN_TABLE, /* one of those that the program's screen has no room for */
	TOP_SCREEN_LOG,
};

enum { TOP_TABS_MAX = 8, TOP_SEARCH_BYTES = 40 };

struct top_tab {
	enum top_screen screen;
	char title[NW_STATS_NAME_BYTES];
	uint32_t table_idx; /* TOP_SCREEN_TABLE */
};

struct top_view {
	bool is_list; /* of programs, to choose from */
	bool is_help, is_searching, is_paused, asks_removal;
	bool wants_removal, wants_end; /* for who drives it, to be reset there */
	int32_t pid;                   /* that is shown; 0: none */
	uint32_t tab_idx, chosen;      /* chosen: of the list */
	int first;                     /* row that a screen begins with */
	int last_first;                /* the most that makes sense, set by the screen */
	uint32_t sort_column;          /* of a table, from 1; 0: as they are */
	bool is_descending;
	char search[TOP_SEARCH_BYTES];
	char message[160]; /* one line, until the next key */
	double delay_s;
};

/* Keys that are no characters. */
enum top_key {
	TOP_KEY_UP = 0x110000,
	TOP_KEY_DOWN,
	TOP_KEY_LEFT,
	TOP_KEY_RIGHT,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME,
	TOP_KEY_END,
	TOP_KEY_TAB,
	TOP_KEY_BACK_TAB,
	TOP_KEY_ENTER,
	TOP_KEY_ESCAPE,
	TOP_KEY_BACKSPACE,
};

/* What a program can be looked at by. Returns how many. */
uint32_t top_tabs_of(const struct top_program *program, struct top_tab ret_tabs[TOP_TABS_MAX]);
/* keys.c. page: rows that the screen shows at once. */
void top_press(struct top_view *view, const struct top_model *model, uint32_t key, int page);
/* The shown one, or NULL. */
struct top_program *top_shown(const struct top_model *model, const struct top_view *view);

/* screens.c */
void top_draw(struct top_frame *frame, const struct top_model *model, struct top_view *view);
/* Where the screens below begin and end. */
struct top_area {
	struct top_frame *frame;
	int top, bottom; /* rows, the second is behind the last one */
};
/* A row of many, through the window that view->first opens: its row, or -1: not in sight. */
int top_row_in(const struct top_area *area, const struct top_view *view, int line);
/* After all: how many lines there were. */
void top_lines_were(const struct top_area *area, struct top_view *view, int line_count);

/* machine.c */
void top_draw_machine(const struct top_area *area, const struct top_model *model,
		      const struct top_program *program, struct top_view *view);
/* programs.c */
void top_draw_program(const struct top_area *area, const struct top_program *program,
		      struct top_view *view);

/* grid.c */
void top_draw_table(const struct top_area *area, const struct top_table *table,
		    struct top_view *view);
/* Rows that match, in the order that is wanted; ret_order has room for all. */
uint32_t top_order(const struct top_table *table, const struct top_view *view, uint32_t *ret_order);

/* A row that nothing was ever written to: a place for what may come. */
bool top_is_unused(const struct top_table *table, uint32_t row_idx);

/* json.c */
json_t *top_json(const struct top_model *model, const struct top_program *only);

/* ---- options.c, terminal.c ---- */

struct top_options {
	uint64_t pid; /* 0: any */
	uint64_t delay_ns;
	uint64_t rows, columns; /* of --once */
	const char *tab;
	bool has_delay, is_once, is_json, cleans, is_help;
};

int top_options_parse(struct top_options *ret_options, int argc, char **argv);
int top_help(void);
/* Until it is left. APP_OK, or the exit code after having said why. */
int top_terminal_run(struct top_model *model, struct top_view *view);

#endif /* APP_TOP_TOP_H */
