/* SPDX-License-Identifier: MIT */
/*
 * `nodewise topo --svg`: one card a node with its cores under their shared cache, a bar of its
 * memory, and the matrix of distances.
 *
 * Every part is a function that draws at a place and returns its height; with `out` NULL it only
 * measures. So what is measured is what is drawn.
 * Invariant: all text that comes from outside goes through put_text(), which escapes it.
 */
#include "common/app.h"
#include "topo/view.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	MARGIN = 28,
	GAP = 18,
	PAGE_WIDTH = 1840,
	CARD_WIDTH_MIN = 280,
	CARD_PAD = 14,
	HEAD_HEIGHT = 40,
	CELL_WIDTH = 46,
	CELL_GAP = 6,
	CELLS_A_ROW = 12,     /* cores side by side in a group */
	CELLS_A_CARD = 16,    /* and in a card, when its groups are small */
	GROUP_WIDTH_MIN = 92, /* a label fits */
	THREADS_A_ROW = 2,
	THREAD_HEIGHT = 18,
	STRIP_HEIGHT = 12,
	GROUP_PAD = 8,
	GROUP_LABEL = 18,
	MEMORY_HEIGHT = 30,
	SQUARE = 40,
	DISTANCE_RED = 40,
	MATRIX_NODE_COUNT_MAX = 32,
	COLOUR_COUNT = 8,
};

/* Strong for bars and heads (white text on it), pale for what is inside. */
static const struct {
	const char *strong, *pale;
} colours[COLOUR_COUNT] = {
	{ "#2f6db3", "#e6effa" }, { "#d2691e", "#fcede0" }, { "#2e8b57", "#e3f4ea" },
	{ "#c0394b", "#fae5e8" }, { "#7453b0", "#eee8f8" }, { "#137f86", "#e0f3f4" },
	{ "#9a7b0a", "#f8f2d9" }, { "#8d5a3b", "#f4eae3" },
};

struct drawing {
	const struct view *view;
	FILE *out;       /* NULL: measure only */
	uint32_t *cores; /* scratch: first cpu_idx of each core of a node */
	uint64_t memory_bytes_max;
	int thread_rows; /* of the core with the most hardware threads */
	int strip_count; /* private cache levels drawn in a core */
	int group_cache; /* kind that groups cores, or -1 */
};

/* A place to draw at, and how wide. */
struct box {
	int x, y, width;
};

__attribute__((format(printf, 2, 3))) static void put(const struct drawing *d, const char *format,
						      ...)
{
	va_list args;

	if (!d->out)
		return;
	va_start(args, format);
	(void)vfprintf(d->out, format, args); /* judged when the stream is closed */
	va_end(args);
}

static void put_escaped(const struct drawing *d, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			put(d, "&amp;");
			break;
		case '<':
			put(d, "&lt;");
			break;
		default:
			put(d, "%c", (unsigned char)*text < ' ' ? ' ' : *text);
		}
	}
}

/* style: a class of the style sheet. */
static void put_text(const struct drawing *d, int x, int y, const char *style, const char *text)
{
	put(d, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, style);
	put_escaped(d, text);
	put(d, "</text>\n");
}

static const struct nw_topo_cpu *cpu_at(const struct drawing *d, uint32_t cpu_idx)
{
	return nw_topo_cpu_at(d->view->topo, cpu_idx);
}

static uint32_t cache_of(const struct drawing *d, uint32_t cpu_idx, int cache_idx)
{
	return cache_idx < 0 ? 0 : nw_topo_cpu_cache(d->view->topo, cpu_idx, (uint32_t)cache_idx);
}

static int rows_of(int count, int a_row)
{
	return (count + a_row - 1) / a_row;
}

static int core_height(const struct drawing *d)
{
	return 6 + d->thread_rows * (THREAD_HEIGHT + 3) + d->strip_count * (STRIP_HEIGHT + 3) + 3;
}

/* Level L's private caches in one core's strip: the kind this CPU has, or -1. Data before
 * instruction, since kinds are in that order. */
static int strip_kind(const struct drawing *d, uint32_t cpu_idx, uint32_t level)
{
	for (uint32_t i = 0; i < nw_topo_cache_count(d->view->topo); i++) {
		if (nw_topo_cache_at(d->view->topo, i)->level == level &&
		    (int)i != d->group_cache && cache_of(d, cpu_idx, (int)i) != NW_TOPO_NO_CACHE)
			return (int)i;
	}
	return -1;
}

/* Whether two neighbours share the cache of a level; the strip then runs through the gap. */
static bool is_shared(const struct drawing *d, uint32_t a, uint32_t b, uint32_t level)
{
	int kind = strip_kind(d, a, level);

	return kind >= 0 && kind == strip_kind(d, b, level) &&
	       cache_of(d, a, kind) == cache_of(d, b, kind);
}

static void draw_thread(const struct drawing *d, struct box at, const struct nw_topo_cpu *cpu,
			const char *colour)
{
	char id[16];

	put(d, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\"%s/>\n",
	    at.x, at.y, at.width, THREAD_HEIGHT, colour,
	    cpu->smt_idx ? " fill-opacity=\"0.62\"" : "");
	(void)snprintf(id, sizeof(id), "%d", cpu->cpu.id);
	put_text(d, at.x + at.width / 2, at.y + 13,
		 at.width < CELL_WIDTH / 2 && cpu->cpu.id > 99 ? "tight" : "cpu", id);
}

/* The hardware threads of a core that the node lists, two a row. */
static void draw_threads(const struct drawing *d, struct box at, uint32_t node_idx,
			 uint32_t core_idx, const char *colour)
{
	uint32_t count;
	const uint32_t *list = nw_topo_node_cpus(d->view->topo, node_idx, &count);
	int n = 0, total = 0;

	for (uint32_t i = 0; i < count; i++)
		total += cpu_at(d, list[i])->core_idx == core_idx;
	for (uint32_t i = 0; i < count; i++) {
		struct box cell = at;

		if (cpu_at(d, list[i])->core_idx != core_idx)
			continue;
		if (total > 1) {
			cell.width = (at.width - 3) / 2;
			cell.x += n % THREADS_A_ROW * (cell.width + 3);
		}
		cell.y += n++ / THREADS_A_ROW * (THREAD_HEIGHT + 3);
		draw_thread(d, cell, cpu_at(d, list[i]), colour);
	}
}

/* One row of cores' caches of one level; a strip as long as the cores that share it. */
static void draw_strips(const struct drawing *d, struct box at, const uint32_t *cores, int count,
			uint32_t level)
{
	int k;

	for (int i = 0; i < count; i = k) {
		int kind = strip_kind(d, cores[i], level), x = at.x + i * (CELL_WIDTH + CELL_GAP);
		int width;
		char size[16], label[32];

		for (k = i + 1; k < count && is_shared(d, cores[k - 1], cores[k], level); k++)
			;
		if (kind < 0)
			continue;
		width = (k - i) * (CELL_WIDTH + CELL_GAP) - CELL_GAP - 6;
		put(d,
		    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" "
		    "class=\"l%u\"/>\n",
		    x + 3, at.y, width, STRIP_HEIGHT, level);
		(void)snprintf(
			label, sizeof(label), "L%u %s", level,
			app_format_bytes(nw_topo_cache_at(d->view->topo, (uint32_t)kind)->bytes,
					 size, sizeof(size)));
		/* "2 MiB" as "2M": eight characters are what fits in a core. */
		label[strcspn(label, "i")] = '\0';
		put_text(d, x + 3 + width / 2, at.y + 9, "strip", label);
	}
}

/* Cores side by side, `count` of them, at most CELLS_A_ROW. Returns the height. */
static int draw_core_row(const struct drawing *d, struct box at, uint32_t node_idx,
			 const uint32_t *cores, int count)
{
	const char *colour = colours[node_idx % COLOUR_COUNT].strong;
	int y = at.y + 6 + d->thread_rows * (THREAD_HEIGHT + 3);

	for (int i = 0; i < count; i++) {
		struct box inside = { at.x + i * (CELL_WIDTH + CELL_GAP) + 3, at.y + 4,
				      CELL_WIDTH - 6 };

		put(d,
		    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"5\" "
		    "class=\"core\"/>\n",
		    inside.x - 3, at.y, CELL_WIDTH, core_height(d));
		draw_threads(d, inside, node_idx, cpu_at(d, cores[i])->core_idx, colour);
	}
	for (int level = 1; level <= d->strip_count; level++) {
		draw_strips(d, (struct box){ at.x, y, at.width }, cores, count, (uint32_t)level);
		y += STRIP_HEIGHT + 3;
	}
	return core_height(d);
}

static int group_width(const struct drawing *d, int core_count)
{
	int cells = core_count < CELLS_A_ROW ? core_count : CELLS_A_ROW;
	int width = cells * (CELL_WIDTH + CELL_GAP) - CELL_GAP + 2 * GROUP_PAD;

	return d->group_cache >= 0 && width < GROUP_WIDTH_MIN ? GROUP_WIDTH_MIN : width;
}

/* The cores below one shared cache. Returns the height. */
static int draw_group(const struct drawing *d, struct box at, uint32_t node_idx,
		      const uint32_t *cores, int count)
{
	int rows = rows_of(count, CELLS_A_ROW), label = d->group_cache < 0 ? 0 : GROUP_LABEL;
	int height = label + 2 * GROUP_PAD + rows * (core_height(d) + CELL_GAP) - CELL_GAP;
	struct box row = { at.x + GROUP_PAD, at.y + label + GROUP_PAD, at.width };
	char name[16], size[16], text[48];

	put(d, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"7\" class=\"group\"/>\n",
	    at.x, at.y, at.width, height);
	if (label) {
		const struct nw_topo_cache *cache = nw_topo_cache_at(d->view->topo,
								     (uint32_t)d->group_cache);

		(void)snprintf(text, sizeof(text), "%s %s",
			       view_cache_name(cache, name, sizeof(name)),
			       app_format_bytes(cache->bytes, size, sizeof(size)));
		put_text(d, at.x + GROUP_PAD, at.y + GROUP_PAD + 9, "label", text);
	}
	for (int i = 0; i < count; i += CELLS_A_ROW) {
		int n = count - i < CELLS_A_ROW ? count - i : CELLS_A_ROW;

		row.y += draw_core_row(d, row, node_idx, cores + i, n) + CELL_GAP;
	}
	return height;
}

static int core_order(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (x[1] > y[1]) - (x[1] < y[1]);
}

/* The first listed CPU of each core, by core, into d->cores. Returns how many. */
static int list_cores(const struct drawing *d, uint32_t node_idx)
{
	uint32_t count, n = 0;
	const uint32_t *list = nw_topo_node_cpus(d->view->topo, node_idx, &count);
	uint32_t *pairs = d->cores; /* { cpu_idx, core_idx } while sorting */

	for (size_t i = 0; i < count; i++) {
		pairs[2 * i] = list[i];
		pairs[2 * i + 1] = cpu_at(d, list[i])->core_idx;
	}
	qsort(pairs, count, 2 * sizeof(pairs[0]), core_order);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && cpu_at(d, d->cores[n - 1])->core_idx == pairs[2 * i + 1])
			continue;
		d->cores[n++] = pairs[2 * i];
	}
	return (int)n;
}

/* One past the last core, from first on, that shares first's grouping cache. */
static int end_of_group(const struct drawing *d, int first, int count)
{
	uint32_t cache = cache_of(d, d->cores[first], d->group_cache);
	int k = first + 1;

	while (k < count && cache_of(d, d->cores[k], d->group_cache) == cache)
		k++;
	return k;
}

/* Groups flow from left to right. Returns the height. */
static int draw_cores(const struct drawing *d, struct box at, uint32_t node_idx)
{
	int count = list_cores(d, node_idx), x = at.x, y = at.y, row_height = 0, k;

	for (int i = 0; i < count; i = k) {
		int width, height;

		k = end_of_group(d, i, count);
		width = group_width(d, k - i);
		if (x > at.x && x + width > at.x + at.width) {
			x = at.x;
			y += row_height + CELL_GAP;
			row_height = 0;
		}
		height = draw_group(d, (struct box){ x, y, width }, node_idx, d->cores + i, k - i);
		row_height = height > row_height ? height : row_height;
		x += width + CELL_GAP;
	}
	return y + row_height - at.y;
}

/* How wide a node's groups want to lie: rows of equal length, CELLS_A_CARD cores at most. */
static int width_of_cores(const struct drawing *d, uint32_t node_idx)
{
	int count = list_cores(d, node_idx), group_count = 0, largest = 0, a_row, k;

	for (int i = 0; i < count; i = k) {
		k = end_of_group(d, i, count);
		largest = k - i > largest ? k - i : largest;
		group_count++;
	}
	if (group_count == 0)
		return 0;
	a_row = largest < CELLS_A_CARD ? CELLS_A_CARD / largest : 1;
	a_row = a_row < group_count ? a_row : group_count;
	a_row = rows_of(group_count, rows_of(group_count, a_row));
	return a_row * (group_width(d, largest) + CELL_GAP) - CELL_GAP;
}

/* A bar as long as this node's part of the largest node's memory. */
static void draw_memory(const struct drawing *d, struct box at, uint32_t node_idx)
{
	const struct nw_topo_node *node = nw_topo_node_at(d->view->topo, node_idx);
	char size[16], text[64];
	int full = d->memory_bytes_max ? (int)((double)node->memory_bytes /
					       (double)d->memory_bytes_max * at.width)
				       : 0;

	put(d, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"8\" rx=\"4\" class=\"rail\"/>\n",
	    at.x, at.y + 20, at.width);
	put(d, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"8\" rx=\"4\" fill=\"%s\"/>\n", at.x,
	    at.y + 20, full, colours[node_idx % COLOUR_COUNT].strong);
	if (node->memory_bytes == 0)
		(void)snprintf(text, sizeof(text), "no memory of its own");
	else if (nw_topo_kind(d->view->topo) == NW_TOPO_SIMULATED)
		(void)snprintf(text, sizeof(text), "memory %s of node %d",
			       app_format_bytes(node->memory_bytes, size, sizeof(size)),
			       node->memory_node.id);
	else
		(void)snprintf(text, sizeof(text), "memory %s",
			       app_format_bytes(node->memory_bytes, size, sizeof(size)));
	put_text(d, at.x, at.y + 12, "label", text);
}

static void describe_node(const struct drawing *d, uint32_t node_idx, char *text, size_t n_bytes)
{
	static const char dot[] = "  \xc2\xb7  ";
	const struct nw_topo_node *node = nw_topo_node_at(d->view->topo, node_idx);
	uint32_t *packages = d->cores, n = view_node_packages(d->view, node_idx, packages);
	char span[32];

	if (n == 0) {
		(void)snprintf(text, n_bytes, "memory only");
		return;
	}
	if (n == 1)
		(void)snprintf(span, sizeof(span), "package %u", packages[0]);
	else
		(void)snprintf(span, sizeof(span), "%u packages", n);
	(void)snprintf(text, n_bytes, "%s%s%u core%s%s%u cpu%s", span, dot, node->core_count,
		       node->core_count == 1 ? "" : "s", dot, node->cpu_count,
		       node->cpu_count == 1 ? "" : "s");
}

/* Everything of a node but its frame. Returns the height. */
static int draw_node(const struct drawing *d, struct box at, uint32_t node_idx)
{
	struct box inside = { at.x + CARD_PAD, at.y + HEAD_HEIGHT + CARD_PAD,
			      at.width - 2 * CARD_PAD };
	char name[32], text[96];

	(void)snprintf(name, sizeof(name), "node %d",
		       nw_topo_node_at(d->view->topo, node_idx)->node.id);
	describe_node(d, node_idx, text, sizeof(text));
	put_text(d, inside.x, at.y + 26, "name", name);
	put_text(d, at.x + at.width - CARD_PAD, at.y + 25, "about", text);
	if (nw_topo_node_at(d->view->topo, node_idx)->cpu_count > 0)
		inside.y += draw_cores(d, inside, node_idx) + 8;
	draw_memory(d, inside, node_idx);
	return inside.y + MEMORY_HEIGHT + CARD_PAD - at.y;
}

static void draw_frame(const struct drawing *d, struct box at, int height, uint32_t node_idx)
{
	const char *strong = colours[node_idx % COLOUR_COUNT].strong;
	const char *pale = colours[node_idx % COLOUR_COUNT].pale;
	int x = at.x, y = at.y, w = at.width;

	put(d, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\" fill=\"%s\"/>\n", x, y,
	    w, height, pale);
	put(d, "<path d=\"M%d %dv-%da10 10 0 0 1 10-10h%da10 10 0 0 1 10 10v%dz\" fill=\"%s\"/>\n",
	    x, y + HEAD_HEIGHT, HEAD_HEIGHT - 10, w - 20, HEAD_HEIGHT - 10, strong);
	put(d,
	    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"10\" fill=\"none\" "
	    "stroke=\"%s\" stroke-opacity=\"0.55\"/>\n",
	    x, y, w, height, strong);
}

/* Wide enough for the node whose cores need most. */
static int card_width(const struct drawing *d)
{
	int widest = CARD_WIDTH_MIN;

	for (uint32_t i = 0; i < nw_topo_node_count(d->view->topo); i++) {
		int width = width_of_cores(d, i) + 2 * CARD_PAD;

		widest = width > widest ? width : widest;
	}
	return widest;
}

static int measure_node(struct drawing *d, struct box at, uint32_t node_idx)
{
	FILE *out = d->out;
	int height;

	d->out = NULL;
	height = draw_node(d, at, node_idx);
	d->out = out;
	return height;
}

/* A picture rather wider than tall: two rows from five nodes on. */
static int columns_of(int node_count, int width)
{
	int fit = (PAGE_WIDTH + GAP) / (width + GAP);
	int want = node_count <= 4 ? node_count : node_count <= 8 ? (node_count + 1) / 2 : 6;
	int columns = fit < want ? fit : want;

	columns = columns < 1 ? 1 : columns;
	return rows_of(node_count, rows_of(node_count, columns));
}

/* Cards in rows of equal length. Returns the height; *ret_width: of the longest row. */
static int draw_nodes(struct drawing *d, struct box at, int *ret_width)
{
	int n = (int)nw_topo_node_count(d->view->topo), width = card_width(d), y = at.y;
	int columns = columns_of(n, width);

	for (int i = 0; i < n; i += columns) {
		int height = 0, end = i + columns < n ? i + columns : n;

		for (int k = i; k < end; k++) {
			int h = measure_node(d, (struct box){ 0, 0, width }, (uint32_t)k);

			height = h > height ? h : height;
		}
		for (int k = i; k < end; k++) {
			struct box card = { at.x + (k - i) * (width + GAP), y, width };

			draw_frame(d, card, height, (uint32_t)k);
			(void)draw_node(d, card, (uint32_t)k); /* measured above */
		}
		y += height + GAP;
	}
	*ret_width = columns * (width + GAP) - GAP;
	return y - at.y;
}

/* part 0..1 of the way from one colour's channel to another's. */
static int mix(int from, int to, double part)
{
	return (int)(from + (to - from) * part);
}

/* Pale green, amber, red; red is for 40 and more, so that a flat machine does not alarm. */
static void draw_square(const struct drawing *d, struct box at, uint32_t distance,
			uint32_t distance_max)
{
	static const int scale[3][3] = { { 216, 240, 224 }, { 250, 216, 140 }, { 192, 58, 74 } };
	double most = distance_max > DISTANCE_RED ? distance_max : DISTANCE_RED;
	double t = distance > 10 ? (distance - 10) / (most - 10) * 2 : 0;
	int step = t >= 1 ? 1 : 0, rgb[3];
	char text[16];

	for (int i = 0; i < 3; i++)
		rgb[i] = mix(scale[step][i], scale[step + 1][i], t - step);
	put(d,
	    "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" "
	    "fill=\"rgb(%d,%d,%d)\"/>\n",
	    at.x + 1, at.y + 1, SQUARE - 2, SQUARE - 2, rgb[0], rgb[1], rgb[2]);
	(void)snprintf(text, sizeof(text), "%u", distance);
	put_text(d, at.x + SQUARE / 2, at.y + SQUARE / 2 + 4, t > 1.5 ? "farther" : "nearer", text);
}

static void draw_matrix_name(const struct drawing *d, int x, int y, uint32_t node_idx)
{
	char text[16];

	put(d, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"4\" fill=\"%s\"/>\n", x + 1,
	    y + 1, SQUARE - 2, SQUARE - 2, colours[node_idx % COLOUR_COUNT].strong);
	(void)snprintf(text, sizeof(text), "%d", nw_topo_node_at(d->view->topo, node_idx)->node.id);
	put_text(d, x + SQUARE / 2, y + SQUARE / 2 + 4, "cpu", text);
}

static int draw_matrix(const struct drawing *d, struct box at)
{
	const struct nw_topo *topo = d->view->topo;
	uint32_t n = nw_topo_node_count(topo), distance_max = 0;

	for (uint32_t i = 0; i < n * n; i++) {
		uint32_t distance = nw_topo_distance(topo, i / n, i % n);

		distance_max = distance > distance_max ? distance : distance_max;
	}
	for (uint32_t i = 0; i < n; i++) {
		int y = at.y + (int)(i + 1) * SQUARE;

		draw_matrix_name(d, at.x, y, i);
		draw_matrix_name(d, at.x + (int)(i + 1) * SQUARE, at.y, i);
		for (uint32_t j = 0; j < n; j++)
			draw_square(d, (struct box){ at.x + (int)(j + 1) * SQUARE, y, SQUARE },
				    nw_topo_distance(topo, i, j), distance_max);
	}
	return (int)(n + 1) * SQUARE;
}

/* Returns the height; *ret_width: what it needs. */
static int draw_distances(const struct drawing *d, struct box at, int *ret_width)
{
	uint32_t n = nw_topo_node_count(d->view->topo), local, remote;
	char text[96];

	*ret_width = (int)(n + 1) * SQUARE;
	put_text(d, at.x, at.y + 14, "part", "distances");
	at.y += 28;
	if (n <= MATRIX_NODE_COUNT_MAX)
		return 28 + draw_matrix(d, at);
	*ret_width = CARD_WIDTH_MIN;
	if (view_is_uniform(d->view, &local, &remote))
		(void)snprintf(text, sizeof(text), "%u to itself, %u to every other node", local,
			       remote);
	else
		(void)snprintf(text, sizeof(text), "too many to draw; see nodewise topo --json");
	put_text(d, at.x, at.y + 10, "label", text);
	return 28 + 20;
}

/* Returns the height. */
static int draw_title(const struct drawing *d, struct box at)
{
	const struct nw_topo *topo = d->view->topo;
	bool is_simulated = nw_topo_kind(topo) == NW_TOPO_SIMULATED;
	char memory[16], text[160];

	put_text(d, at.x, at.y + 22, "title", view_title(d->view));
	(void)snprintf(text, sizeof(text),
		       "packages %u  \xc2\xb7  nodes %u  \xc2\xb7  cores %u  \xc2\xb7  cpus %u  "
		       "\xc2\xb7  memory %s",
		       nw_topo_package_count(topo), nw_topo_node_count(topo),
		       nw_topo_core_count(topo), nw_topo_cpu_count(topo),
		       app_format_bytes(view_memory_bytes(d->view), memory, sizeof(memory)));
	put_text(d, at.x, at.y + 44, "label", text);
	if (is_simulated)
		put_text(d, at.x, at.y + 62, "warning",
			 "simulated: routing between nodes is real, latency is not");
	else if (d->view->source)
		put_text(d, at.x, at.y + 62, "label", d->view->source);
	return is_simulated || d->view->source ? 80 : 60;
}

static const char style[] =
	"<style>\n"
	"text { font-family: 'DejaVu Sans', Verdana, sans-serif; fill: #2b3440 }\n"
	".title { font-size: 22px; font-weight: bold }\n"
	".part { font-size: 14px; font-weight: bold }\n"
	".label { font-size: 11px; fill: #5a6675 }\n"
	".warning { font-size: 12px; font-weight: bold; fill: #b23a2e }\n"
	".name { font-size: 17px; font-weight: bold; fill: #fff }\n"
	".about { font-size: 11px; fill: #fff; text-anchor: end }\n"
	".cpu { font-size: 10px; font-weight: bold; fill: #fff; text-anchor: middle }\n"
	".tight { font-size: 7.5px; font-weight: bold; fill: #fff; text-anchor: middle }\n"
	".strip { font-size: 7.5px; fill: #3c4653; text-anchor: middle }\n"
	".nearer { font-size: 12px; text-anchor: middle }\n"
	".farther { font-size: 12px; text-anchor: middle; fill: #fff }\n"
	".core { fill: #fff; stroke: #c9d1da }\n"
	".group { fill: #fff; fill-opacity: 0.55; stroke: #aab4c0; stroke-opacity: 0.7 }\n"
	".rail { fill: #fff; fill-opacity: 0.8 }\n"
	".l1 { fill: #dfe6ee }\n"
	".l2 { fill: #cbd6e2 }\n"
	".l3, .l4, .l5 { fill: #b7c6d6 }\n"
	"</style>\n";

/* Returns the height of the whole; *ret_width likewise. */
static int draw_all(struct drawing *d, int *ret_width)
{
	struct box at = { MARGIN, MARGIN, PAGE_WIDTH };
	int nodes_width, matrix_width;

	at.y += draw_title(d, at);
	at.y += draw_nodes(d, at, &nodes_width) + 10;
	at.y += draw_distances(d, at, &matrix_width);
	*ret_width = (nodes_width > matrix_width ? nodes_width : matrix_width) + 2 * MARGIN;
	*ret_width = *ret_width < 480 ? 480 : *ret_width;
	return at.y + MARGIN;
}

/* The outermost kind of level 3 or more groups the cores; kinds ascend. */
static int find_group_cache(const struct nw_topo *topo)
{
	for (uint32_t i = nw_topo_cache_count(topo); i-- > 0;) {
		const struct nw_topo_cache *cache = nw_topo_cache_at(topo, i);

		if (cache->level >= 3)
			return (int)i;
	}
	return -1;
}

static void prepare(struct drawing *d)
{
	const struct nw_topo *topo = d->view->topo;
	uint32_t threads_max = 1;

	d->group_cache = find_group_cache(topo);
	for (uint32_t i = 0; i < nw_topo_cache_count(topo); i++) {
		int level = (int)nw_topo_cache_at(topo, i)->level;

		if ((int)i != d->group_cache && level <= 3 && level > d->strip_count)
			d->strip_count = level;
	}
	for (uint32_t i = 0; i < nw_topo_cpu_count(topo); i++) {
		uint32_t threads = nw_topo_cpu_at(topo, i)->smt_idx + 1;

		threads_max = threads > threads_max ? threads : threads_max;
	}
	d->thread_rows = rows_of((int)threads_max, THREADS_A_ROW);
	for (uint32_t i = 0; i < nw_topo_node_count(topo); i++) {
		uint64_t n_bytes = nw_topo_node_at(topo, i)->memory_bytes;

		d->memory_bytes_max = n_bytes > d->memory_bytes_max ? n_bytes : d->memory_bytes_max;
	}
}

void view_draw_svg(const struct view *view, FILE *out)
{
	struct drawing d = { .view = view };
	int width, height;

	d.cores = calloc(nw_topo_cpu_count(view->topo), 2 * sizeof(uint32_t));
	if (!d.cores)
		return;
	prepare(&d);
	height = draw_all(&d, &width);
	d.out = out;
	put(&d,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	    "viewBox=\"0 0 %d %d\">\n%s",
	    width, height, width, height, style);
	put(&d, "<rect width=\"%d\" height=\"%d\" fill=\"#fbfcfd\"/>\n", width, height);
	(void)draw_all(&d, &width); /* the same again, now on paper */
	put(&d, "</svg>\n");
	free(d.cores);
}
