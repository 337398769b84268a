/* SPDX-License-Identifier: MIT */
/*
 * Texts of YAML and JSON as one kind of tree that knows the line of everything, and the pool that
 * such trees and all that is read from them live in.
 * Invariant: what a pool gave stays where it is until the whole pool is freed.
 */
#ifndef APP_DAG_TREE_H
#define APP_DAG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dag_chunk;

struct dag_pool {
	struct dag_chunk *first;
};

/* Zeroed; NULL: no memory. */
void *dag_pool_alloc(struct dag_pool *pool, size_t n_bytes);
void *dag_pool_array(struct dag_pool *pool, size_t count, size_t item_bytes);
char *dag_pool_text(struct dag_pool *pool, const char *text, size_t n_bytes);
void dag_pool_free(struct dag_pool *pool);

enum dag_tree_kind { DAG_TREE_TEXT, DAG_TREE_LIST, DAG_TREE_MAP };

struct dag_tree {
	enum dag_tree_kind kind;
	uint32_t line;
	bool is_plain;          /* TEXT without quotes: may be null, true, a number */
	const char *text;       /* TEXT; without zeros inside */
	struct dag_tree *first; /* LIST, MAP: in order of the file */
	uint32_t count;         /* of them */
	const char *key;        /* of an item of a MAP */
	uint32_t key_line;      /* of the key */
	struct dag_tree *next;  /* in the same LIST or MAP */
};

/* What is wrong with a text, where. */
struct dag_fault {
	uint32_t line;
	char text[200];
};

/*
 * One document. is_json: what JSON forbids is refused, as a comment or a key without quotes.
 * 0; -EINVAL with *ret_fault; -ENOMEM.
 */
int dag_tree_read(struct dag_pool *pool, const char *text, size_t n_bytes, bool is_json,
		  struct dag_tree **ret_tree, struct dag_fault *ret_fault);

/* The value of a key; NULL: the tree is NULL or no map, or has no such key, or it is null. */
const struct dag_tree *dag_tree_get(const struct dag_tree *tree, const char *key);
/* "", ~ and null without quotes. */
bool dag_tree_is_null(const struct dag_tree *tree);
/* "a text", "a list", "a map" */
const char *dag_tree_kind_name(const struct dag_tree *tree);

#endif /* APP_DAG_TREE_H */
