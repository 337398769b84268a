/* SPDX-License-Identifier: MIT */
/*
 * Where things stand: files, positions in them, and the errors of a run.
 *
 * A position is one 32-bit number over all files: a file's base plus the offset of a byte. Lines
 * and columns are worked out when somebody asks. Columns count characters from 1, a tab goes to the
 * next column after a multiple of 8, as in SANY.
 *
 * Invariant: files never move; errors are in the order of their positions.
 *
 * Threads: one at a time; any number of readers when nobody adds.
 */
#ifndef TLA_SOURCE_H
#define TLA_SOURCE_H

#include <nw/arena.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Position 0 is no place; the first file's base is 1. */
#define TLA_NO_POS 0u

/* How many errors are kept; later ones are counted only. */
enum { TLA_ERRORS_MAX = 50 };

/* From the first byte to one past the last; {0, 0}: no place. */
struct tla_span {
	uint32_t begin, end;
};

struct tla_file {
	const char *path; /* as opened; of a module that is built in: "Naturals.tla (built in)" */
	const char *text; /* lent; not ended by NUL */
	uint32_t n_bytes;
	uint32_t base;   /* position of the first byte */
	uint32_t *lines; /* offsets of the lines' first bytes */
	uint32_t line_count;
	bool is_builtin;
	uint32_t has_failed_as; /* symbol of the module that was looked for in it, in vain; 0: none
				 */
};

/* Line and column from 1; a NULL file: no place. */
struct tla_place {
	const struct tla_file *file;
	uint32_t line, column;
};

struct tla_error {
	uint32_t pos;     /* or TLA_NO_POS */
	const char *text; /* one line, no full stop: "expected ')'; found 'THEN'" */
};

struct tla_sources {
	struct nw_arena *arena; /* lives as long as what is loaded: trees, texts of errors */
	struct tla_file **files;
	uint32_t file_count, file_room;
	struct tla_error errors[TLA_ERRORS_MAX];
	uint32_t error_count; /* of all; kept: the first TLA_ERRORS_MAX */
	bool is_full;         /* no memory for something: what was loaded is not whole */
};

/* -ENOMEM and the like of nw_arena_create(). */
int tla_sources_init(struct tla_sources *sources);
void tla_sources_fini(struct tla_sources *sources);

/* A zeroed piece that lives as long as the sources; NULL: no memory, and is_full is set. */
void *tla_piece(struct tla_sources *sources, size_t n_bytes);

/* A file whose text is lent. NULL: no memory, or too many bytes in all (4 GiB). */
struct tla_file *tla_file_add(struct tla_sources *sources, const char *path, const char *text,
			      size_t n_bytes);

/* The file, line and column of a position; of the last character of a span. */
struct tla_place tla_place_of(const struct tla_sources *sources, uint32_t pos);
struct tla_place tla_place_last(const struct tla_sources *sources, struct tla_span span);

/* "file:12:5: " and the error's text, without newline, cut to the buffer. Returns buf. */
char *tla_error_format(const struct tla_sources *sources, const struct tla_error *error, char *buf,
		       size_t buf_bytes);

/* Keep an error. A second one at the same position is dropped: it is the first one's echo. */
void tla_error_add(struct tla_sources *sources, uint32_t pos, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif /* TLA_SOURCE_H */
