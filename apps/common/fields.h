/* SPDX-License-Identifier: MIT */
/*
 * Reading a map of a file into a struct: a table of keys, a function for each. A key that is not in
 * the table is refused with the list of those that are.
 * Invariant: a take function either sets what its key stands for, or has said what is wrong.
 */
#ifndef APP_COMMON_FIELDS_H
#define APP_COMMON_FIELDS_H

#include "common/tree.h"

/* Who reads: where what is wrong goes, and what the tree's things are called. */
struct app_reader {
	/* Says one line; text is lent for the call. */
	void (*say)(void *arg, uint32_t line, const char *text);
	void *arg;
	struct app_pool *pool;
	const char *what; /* "task 'link'", for messages */
	bool is_out_of_memory;
};

struct app_field {
	const char *key;
	/* NULL: known here, and read elsewhere. tree is not null, and has its key. */
	void (*take)(struct app_reader *reader, const struct app_tree *tree, void *into);
};

#define APP_COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* "<text>", of line. */
void app_reader_bad(struct app_reader *reader, uint32_t line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* "<what>: <key> takes <wanted>, not ..." */
void app_refuse(struct app_reader *reader, const struct app_tree *tree, const char *wanted);

/* Every key once, each by its own function; null counts as not there. At most 32 fields. */
void app_take_map(struct app_reader *reader, const struct app_tree *tree,
		  const struct app_field *fields, size_t field_count, void *into);

/* Values; what is refused leaves *ret untouched, or returns 0, false, NULL. */
bool app_take_text(struct app_reader *reader, const struct app_tree *tree, const char **ret);
uint64_t app_take_number(struct app_reader *reader, const struct app_tree *tree, uint64_t max);
bool app_take_bool(struct app_reader *reader, const struct app_tree *tree);
uint64_t app_take_duration(struct app_reader *reader, const struct app_tree *tree);
/* A list of texts, or one text for a list of one; of the pool. */
const char **app_take_texts(struct app_reader *reader, const struct app_tree *tree,
			    uint32_t *ret_count);

#endif /* APP_COMMON_FIELDS_H */
