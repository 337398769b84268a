/* SPDX-License-Identifier: MIT */
/*
 * Writers of rows, labels and notes, and readers with views of their own: no number goes back, no
 * label or note is torn, and no note comes twice or out of order.
 */
#include "nw_test.h"

#include <nw/stats.h>
#include <pthread.h>
#include <stdatomic.h>

enum { WRITERS = 2, READERS = 2, ROUNDS = 20000, NOTES = 8 };

struct game {
	struct nw_stats *stats;
	atomic_uint next_row;
	_Atomic bool is_over;
};

/* A text that shows whether it is whole. */
static void say(char *text, size_t n_bytes, unsigned letter, unsigned length)
{
	memset(text, 'a' + (int)(letter % 26), n_bytes);
	text[length % (n_bytes - 1)] = '\0';
}

static void check_whole(const char *text)
{
	for (const char *at = text; *at; at++)
		CHECK(*at == text[0]);
}

static void *write_rows(void *arg)
{
	struct game *game = arg;
	uint32_t row_idx = atomic_fetch_add(&game->next_row, 1);
	struct nw_stats_row *row = nw_stats_row_at(game->stats, 0, row_idx);
	char text[NW_STATS_LABEL_BYTES];

	for (unsigned i = 0; i < ROUNDS * (unsigned)nw_test_scale(); i++) {
		nw_stats_add(row, 0, 1);
		nw_stats_set(row, 1, i);
		say(text, sizeof(text), i, i * 7);
		nw_stats_label(game->stats, 0, row_idx, text);
		nw_stats_note(game->stats, text);
	}
	return NULL;
}

static void look(struct nw_stats_view *view, uint64_t *last, uint64_t *next_idx)
{
	struct nw_stats_note_info notes[NOTES];
	char label[NW_STATS_LABEL_BYTES];
	uint64_t from = *next_idx;
	uint32_t count = nw_stats_read_notes(view, next_idx, notes, NOTES);

	for (uint32_t i = 0; i < count; i++) {
		CHECK(notes[i].idx >= from && notes[i].idx < *next_idx);
		from = notes[i].idx + 1;
		check_whole(notes[i].text);
	}
	for (uint32_t r = 0; r < WRITERS; r++) {
		uint64_t value = nw_stats_value(view, 0, r, 0);

		CHECK(value >= last[r]);
		last[r] = value;
		(void)nw_stats_read_label(view, 0, r, label);
		check_whole(label);
	}
}

static void *read_all(void *arg)
{
	struct game *game = arg;
	struct nw_stats_view *view;
	uint64_t last[WRITERS] = { 0 }, next_idx = 0;
	bool is_last;

	CHECK_INT(nw_stats_open(&view, nw_stats_path(game->stats)), ==, 0);
	do {
		is_last = atomic_load(&game->is_over);
		look(view, last, &next_idx);
	} while (!is_last);
	for (uint32_t r = 0; r < WRITERS; r++)
		CHECK_INT(last[r], ==, ROUNDS * nw_test_scale());
	nw_stats_close(view);
	return NULL;
}

TEST(readers_see_whole_texts_and_numbers_that_grow)
{
	static const struct nw_stats_column columns[] = { { "done", NULL, NW_STATS_COUNTER },
							  { "now", NULL, NW_STATS_GAUGE } };
	static const struct nw_stats_table table = {
		.name = "worker", .columns = columns, .column_count = 2, .row_count = WRITERS
	};
	char folder[] = "/tmp/nw-stats-XXXXXX";
	struct nw_stats_options options = { .program = "stress",
					    .folder = mkdtemp(folder),
					    .tables = &table,
					    .table_count = 1,
					    .note_count = NOTES };
	struct game game = { 0 };
	pthread_t writers[WRITERS], readers[READERS];

	CHECK_INT(nw_stats_create(&game.stats, &options, NULL), ==, 0);
	for (int i = 0; i < READERS; i++)
		CHECK(pthread_create(&readers[i], NULL, read_all, &game) == 0);
	for (int i = 0; i < WRITERS; i++)
		CHECK(pthread_create(&writers[i], NULL, write_rows, &game) == 0);
	for (int i = 0; i < WRITERS; i++)
		CHECK(pthread_join(writers[i], NULL) == 0);
	atomic_store(&game.is_over, true);
	for (int i = 0; i < READERS; i++)
		CHECK(pthread_join(readers[i], NULL) == 0);
	nw_stats_destroy(game.stats);
	CHECK_INT(rmdir(folder), ==, 0);
}
