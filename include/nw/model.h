/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A model: a transition system over states that are strings of bytes.
 *
 * This header is all a model needs: it links with nothing, so a plug-in is one C file compiled
 * with `cc -shared -fPIC`. It exports `const struct nw_model *nw_model_plugin(void)`.
 *
 * A state is its bytes: two states are the same exactly when their bytes are. Encode every
 * state in one way only (no uninitialised padding, sets sorted).
 *
 * Threads: every worker opens a context of its own; a context is used by one thread at a time.
 */
#ifndef NW_MODEL_H
#define NW_MODEL_H

#include <nw/base.h>
#include <nw/diag.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

NW_BEGIN_DECLS

#define NW_MODEL_ABI 4

enum {
	NW_STATE_BYTES_MAX = 65535, /* longest state */
	NW_PRINT_BYTES_MAX = 65536, /* longest text of one state */
	NW_EMIT_ROOM_MIN = 16,      /* every buffer of an engine has room for that many states */
};

/* What nw_emit_fault() tells. */
enum nw_fault {
	NW_FAULT_VIOLATION, /* the step, or the state, breaks what `text` names */
	NW_FAULT_ERROR,     /* the model cannot go on: `text` says why */
	NW_FAULT_FINAL,     /* a violation that no search goes on after */
};

/* Where a model puts the states it makes. Fields are the engine's; use nw_emit(). */
struct nw_emit {
	uint8_t *cur;   /* next free byte */
	uint8_t *end;   /* one past the buffer */
	uint32_t *mark; /* length of each state emitted, in order */
	uint32_t count; /* states emitted since the engine last reset this */
	uint32_t count_max;
	/* Makes room for n_bytes by handing on what is in the buffer; false: the search is
	 * ending, stop emitting. */
	bool (*flush)(struct nw_emit *emit, size_t n_bytes);
	bool (*fault)(struct nw_emit *emit, enum nw_fault kind, const char *text,
		      const void *successor, size_t n_bytes);
	uint64_t dropped_count;
	uint32_t *drops; /* states emitted before each that was dropped */
	uint32_t drop_count, drop_count_max;
	void *engine;
};

/**
 * Emit one state by letting the model write it in place.
 *
 * @return where to write at most n_bytes_max bytes, to be followed by nw_emit_end() with the
 *         true length; NULL when the search is ending: return from init/next at once.
 *
 * Threads: the one that called init or next.
 * Cost:    no system call; a callback into the engine once per full buffer.
 */
static inline uint8_t *nw_emit_begin(struct nw_emit *emit, size_t n_bytes_max)
{
	if (emit->count == emit->count_max || (size_t)(emit->end - emit->cur) < n_bytes_max) {
		if (!emit->flush(emit, n_bytes_max))
			return NULL;
	}
	return emit->cur;
}

/** Finish the state begun with nw_emit_begin(). Threads: the same. */
static inline void nw_emit_end(struct nw_emit *emit, size_t n_bytes)
{
	emit->mark[emit->count++] = (uint32_t)n_bytes;
	emit->cur += n_bytes;
}

/**
 * Make room for several states of one size, for models whose next() should not branch: write all
 * that there might be, then say with nw_emit_end_many() how many of them count.
 *
 * @param n_bytes    of each state; room * n_bytes is at most NW_STATE_BYTES_MAX
 * @param room       1..NW_EMIT_ROOM_MIN
 * @return where to write them one behind the other, or NULL: the search is ending
 *
 * Threads: as nw_emit_begin().
 */
static inline uint8_t *nw_emit_begin_many(struct nw_emit *emit, size_t n_bytes, uint32_t room)
{
	if (emit->count_max - emit->count < room ||
	    (size_t)(emit->end - emit->cur) < n_bytes * room) {
		if (!emit->flush(emit, n_bytes * room))
			return NULL;
	}
	return emit->cur;
}

/** Finish the first count of the room states begun with nw_emit_begin_many(). Threads: the same. */
static inline void nw_emit_end_many(struct nw_emit *emit, size_t n_bytes, uint32_t room,
				    uint32_t count)
{
	for (uint32_t i = 0; i < room; i++)
		emit->mark[emit->count + i] = (uint32_t)n_bytes;
	emit->count += count;
	emit->cur += count * n_bytes;
}

/** Emit a copy of a state. @return false: the search is ending. Threads: as nw_emit_begin(). */
static inline bool nw_emit(struct nw_emit *emit, const void *state, size_t n_bytes)
{
	uint8_t *to = nw_emit_begin(emit, n_bytes);

	if (!to)
		return false;
	memcpy(to, state, n_bytes);
	nw_emit_end(emit, n_bytes);
	return true;
}

/**
 * Count a successor that is not to be explored, as a constraint excludes it: it is generated, but
 * not a state; a state that has only such successors is no deadlock.
 *
 * Threads: as nw_emit_begin().
 */
static inline void nw_emit_drop(struct nw_emit *emit)
{
	emit->dropped_count++;
	if (emit->count > 0 && emit->drop_count < emit->drop_count_max)
		emit->drops[emit->drop_count++] = emit->count;
}

/**
 * Tell a fault from within init or next. The trace is the path to the state at hand and, where
 * there is one, the successor.
 *
 * @param text       lent: it lasts as long as the search's report is read
 * @param successor  NULL, or the state in which the faulty step ends
 * @return false: the search is ending, return at once. True: it goes on after violations.
 *
 * Threads: as nw_emit_begin().
 */
static inline bool nw_emit_fault(struct nw_emit *emit, enum nw_fault kind, const char *text,
				 const void *successor, size_t n_bytes)
{
	return emit->fault(emit, kind, text, successor, n_bytes);
}

/* Where a model puts what is written down of a search, or takes it back from: the engine's.
 * 0 or a negative errno, to be returned at once. */
struct nw_model_file {
	int (*put)(struct nw_model_file *file, const void *bytes, size_t n_bytes);
	int (*get)(struct nw_model_file *file, void *bytes, size_t n_bytes);
};

enum nw_model_flags {
	NW_MODEL_MAY_END = 1u << 0, /* a state without successors is an end, not a deadlock */
};

/*
 * Callbacks get the context that open() made for this worker (NULL without open). `state` is
 * borrowed for the call and has no alignment. next() must emit the same successors in the same
 * order whenever it is given the same state: counterexamples are found again by replay.
 */
struct nw_model {
	uint32_t abi;           /* NW_MODEL_ABI */
	const char *name;       /* one word */
	const char *about;      /* one line for --model list */
	const char *parameters; /* how `--size`, `--depth`, ... are spelt, or "" */
	uint32_t state_bytes;   /* fixed size of every state, or 0: sizes vary */
	unsigned flags;

	/* Optional. Parses parameters (NULL: defaults); *ret_model is passed to open and may be
	 * NULL. 0, or a negative errno with the reason in diag. One thread. */
	int (*configure)(void **ret_model, const char *const *names, const char *const *values,
			 size_t parameter_count, struct nw_diag *diag);
	void (*dispose)(void *model);
	/* State size when it depends on parameters (0: varies). Optional. */
	uint32_t (*size_of_state)(const void *model);
	/* Optional. A context for one worker. */
	int (*open)(void **ret_context, const void *model);
	void (*close)(void *context);

	/* Emit every initial state: 1 or more, fewer than 2^32. */
	void (*init)(void *context, struct nw_emit *emit);
	/* Emit every successor of state, 2^20 at most; none: the state is an end or a deadlock. */
	void (*next)(void *context, const uint8_t *state, size_t n_bytes, struct nw_emit *emit);
	/* Optional. What tells a state from others where its bytes do not (a view, symmetry): 64
	 * well mixed bits; states of one identity are one state, of which the first to come is
	 * kept. Not with an exact search. */
	uint64_t (*identity)(void *context, const uint8_t *state, size_t n_bytes);
	/* Optional. NULL: every invariant holds; else the name of a violated one (lent). */
	const char *(*invariant)(void *context, const uint8_t *state, size_t n_bytes);
	/* Text of a state, without a final newline, cut at text_bytes (NUL included). */
	void (*print)(void *context, const uint8_t *state, size_t n_bytes, char *text,
		      size_t text_bytes);
	/* Optional. Name of the action that leads from one state to its ordinal-th successor. */
	const char *(*action)(void *context, const uint8_t *state, size_t n_bytes,
			      uint32_t ordinal);
	/* Optional. Told in every context before states of another level are handed to next():
	 * their depth (initial states: 1); 0 before init(). What is made of them is deeper. */
	void (*level)(void *context, uint32_t depth);
	/* Optional. What invariant() returns where it cannot tell: an error, not a violation. */
	const char *failure;

	/* Optional, all three or none: the successors by parts, the actions of a specification.
	 * Those of part 0, of part 1, ... are together what next() emits, in its order. How many
	 * there are is the same in all contexts; 0: next() has no parts. A part's name is lent
	 * until forget(), else as long as the context is open. */
	uint32_t (*part_count)(void *context);
	void (*next_part)(void *context, const uint8_t *state, size_t n_bytes, uint32_t part_idx,
			  struct nw_emit *emit);
	const char *(*part_name)(void *context, uint32_t part_idx);

	/* Optional. Told before a random walk begins; what the model itself chooses at random
	 * follows from the seed until the next one. */
	void (*walk)(void *context, uint64_t walk_idx, uint64_t seed);
	/* Optional, both or none. forget() is called once when the initial states of random walks
	 * are made: what they are made of stays. is_full() is asked between two walks: whether the
	 * context keeps so much for states that are past that they should be forgotten; then every
	 * walk ends and forget() is called again. While it runs no context is in use. */
	bool (*is_full)(void *context);
	void (*forget)(const void *model);

	/*
	 * For checkpoints; all six or none. NULL: the bytes of a state say the same in every
	 * process. Else identity() has to be given, too, and has to.
	 *
	 * save() writes down what all states need; restore() takes it back before any context is
	 * opened. A pack is for a run of states, by one thread: states are unpacked in the order in
	 * which they were packed. *ret_bytes is at most NW_STATE_BYTES_MAX. What restore() and
	 * unpack() are given is what was written, by the same version.
	 */
	int (*save)(const void *model, struct nw_model_file *file);
	int (*restore)(const void *model, struct nw_model_file *file);
	int (*pack_open)(void **ret_pack, const void *model);
	int (*pack)(void *pack, struct nw_model_file *file, const uint8_t *state, size_t n_bytes);
	int (*unpack)(void *pack, struct nw_model_file *file, uint8_t *ret_state,
		      size_t *ret_bytes);
	void (*pack_close)(void *pack);
};

NW_END_DECLS

#endif /* NW_MODEL_H */
