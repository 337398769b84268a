/* SPDX-License-Identifier: MIT */
/*
 * Texts of YAML and JSON as one kind of tree that knows the line of everything, and the pool that
 * such trees and all that is read from them live in.
 * Invariant: what a pool gave stays where it is until the whole pool is freed.
 */
#ifndef APP_APP_TREE_H
#define APP_APP_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app_chunk;

struct app_pool {
	struct app_chunk *first;
};

/* Zeroed; NULL: no memory. */
void *app_pool_alloc(struct app_pool *pool, size_t n_bytes);
void *app_pool_array(struct app_pool *pool, size_t count, size_t item_bytes);
char *app_pool_text(struct app_pool *pool, const char *text, size_t n_bytes);
void app_pool_free(struct app_pool *pool);

enum app_tree_kind { APP_TREE_TEXT, APP_TREE_LIST, APP_TREE_MAP };

struct app_tree {
	enum app_tree_kind kind;
	uint32_t line;
	bool is_plain;          /* TEXT without quotes: may be null, true, a number */
	const char *text;       /* TEXT; without zeros inside */
	struct app_tree *first; /* LIST, MAP: in order of the file */
	uint32_t count;         /* of them */
	const char *key;        /* of an item of a MAP */
	uint32_t key_line;      /* of the key */
	struct app_tree *next;  /* in the same LIST or MAP */
};

/* What is wrong with a text, where. */
struct app_fault {
	uint32_t line;
	char text[200];
};

/*
 * One document. is_json: what JSON forbids is refused, as a comment or a key without quotes.
 * 0; -EINVAL with *ret_fault; -ENOMEM.
 */
int app_tree_read(struct app_pool *pool, const char *text, size_t n_bytes, bool is_json,
		  struct app_tree **ret_tree, struct app_fault *ret_fault);

/* The value of a key; NULL: the tree is NULL or no map, or has no such key, or it is null. */
const struct app_tree *app_tree_get(const struct app_tree *tree, const char *key);
/* "", ~ and null without quotes. */
bool app_tree_is_null(const struct app_tree *tree);
/* "a text", "a list", "a map" */
const char *app_tree_kind_name(const struct app_tree *tree);

#endif /* APP_APP_TREE_H */
