/* SPDX-License-Identifier: MIT */
/*
 * Recording, and the checkers that need one pass over the ticks: queue, set, deque.
 *
 * Queue (Henzinger, Sezgin, Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013): with
 * every value put once, a history is linearizable iff no value comes from nowhere, twice, or before
 * it was put; no b overtakes an a (put a returned before put b was called, get b returned before
 * get a was called, or a never came out); and every "empty" has a moment at which no value was
 * certain to be inside. Each is one sweep over the ticks with a maximum or a count. What is never
 * got is taken to be got after the end: draining changes no verdict.
 *
 * Set: keys do not touch each other, so each is checked alone (locality): a bit that successful
 * inserts and erases toggle and the others read. Calls take effect as late as they can: only when
 * one returns that has not yet. If it needs the other state, the pending toggle that returns first
 * goes before it. Lateness loses nothing, since nothing but a return is a deadline, and of two
 * toggles of one kind the one to return first may always change places with the other. A reader
 * takes effect at the first moment its state is there.
 *
 * Deque: what an owner's own order implies. Values leave at the top in the order they were put, so
 * a stolen b has every older a gone; what the owner takes has nothing newer left inside, because
 * a thief could not have passed it; what the owner finds empty has been stolen.
 */
#include "lib/lin_index.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *lin_alloc(size_t count, size_t n_bytes)
{
	void *block = calloc(count > 0 ? count : 1, n_bytes);

	if (!block) {
		fprintf(stderr, "# lin: no memory for %zu times %zu bytes\n", count, n_bytes);
		_Exit(1);
	}
	return block;
}

bool lin_refuse(struct lin_verdict *ret_verdict, const char *format, ...)
{
	va_list args;

	ret_verdict->is_linearizable = false;
	va_start(args, format);
	vsnprintf(ret_verdict->text, sizeof(ret_verdict->text), format, args);
	va_end(args);
	return false;
}

struct lin_recorder *lin_recorder_create(uint32_t thread_count, uint32_t op_limit)
{
	struct lin_recorder *recorder = aligned_alloc(128, sizeof(*recorder));

	if (!recorder || thread_count > LIN_THREADS_MAX) {
		fprintf(stderr, "# lin: cannot record %u threads\n", (unsigned)thread_count);
		_Exit(1);
	}
	memset(recorder, 0, sizeof(*recorder));
	atomic_init(&recorder->clock, 0);
	recorder->thread_count = thread_count;
	for (uint32_t t = 0; t < thread_count; t++) {
		struct lin_log *log = &recorder->logs[t];

		log->ops = lin_alloc(op_limit, sizeof(*log->ops));
		memset(log->ops, 1, op_limit * sizeof(*log->ops)); /* pages are there */
		log->op_limit = op_limit;
		log->thread = (uint8_t)t;
		log->recorder = recorder;
	}
	return recorder;
}

void lin_recorder_destroy(struct lin_recorder *recorder)
{
	for (uint32_t t = 0; t < recorder->thread_count; t++)
		free(recorder->logs[t].ops);
	free(recorder);
}

void lin_history_join(struct lin_history *ret_history, struct lin_recorder *recorder,
		      uint32_t value_limit)
{
	uint32_t n = 0;

	for (uint32_t t = 0; t < recorder->thread_count; t++)
		n += recorder->logs[t].op_count;
	*ret_history = (struct lin_history){
		.ops = lin_alloc(n, sizeof(struct lin_op)),
		.tick_limit = atomic_load(&recorder->clock),
		.value_limit = value_limit,
	};
	for (uint32_t t = 0; t < recorder->thread_count; t++) {
		const struct lin_log *log = &recorder->logs[t];

		if (log->lost_count > 0) {
			fprintf(stderr, "# lin: thread %u had no room for %u calls\n", (unsigned)t,
				(unsigned)log->lost_count);
			_Exit(1);
		}
		memcpy(ret_history->ops + ret_history->op_count, log->ops,
		       log->op_count * sizeof(*log->ops));
		ret_history->op_count += log->op_count;
	}
}

void lin_history_free(struct lin_history *history)
{
	free(history->ops);
	history->ops = NULL;
}

void lin_print(const struct lin_history *history)
{
	static const char *const names[] = {
		"put",    "get",        "steal", "empty",     "steal-empty", "full",
		"insert", "insert-not", "erase", "erase-not", "contains",    "contains-not",
	};

	for (uint32_t i = 0; i < history->op_count; i++) {
		const struct lin_op *op = &history->ops[i];

		fprintf(stderr, "# thread %u: %3u..%3u %s %u\n", (unsigned)op->thread,
			(unsigned)op->call, (unsigned)op->ret, names[op->kind],
			(unsigned)op->value);
	}
}

/* ---- by tick and by value ---- */

static void index_ticks(struct lin_index *index)
{
	const struct lin_history *h = index->history;

	memset(index->by_tick, 0xff, h->tick_limit * sizeof(*index->by_tick));
	for (uint32_t i = 0; i < h->op_count; i++) {
		index->by_tick[h->ops[i].call] = 2 * i;
		index->by_tick[h->ops[i].ret] = 2 * i + 1;
	}
}

static bool index_value(struct lin_index *index, uint32_t i, struct lin_verdict *ret_verdict)
{
	const struct lin_op *op = &index->history->ops[i];
	bool is_put = op->kind == LIN_PUT;
	uint32_t *end;

	if (!is_put && op->kind != LIN_GET && op->kind != LIN_STEAL)
		return true;
	if (op->value >= index->history->value_limit)
		return lin_refuse(ret_verdict, "value %u came out, which nobody put in",
				  (unsigned)op->value);
	end = is_put ? &index->values[op->value].put : &index->values[op->value].get;
	if (*end != LIN_NONE)
		return lin_refuse(ret_verdict, "value %u %s twice: at ticks %u and %u",
				  (unsigned)op->value, is_put ? "was put" : "came out",
				  (unsigned)index->history->ops[*end].call, (unsigned)op->call);
	*end = i;
	return true;
}

static bool index_values(struct lin_index *index, struct lin_verdict *ret_verdict)
{
	const struct lin_history *h = index->history;

	memset(index->values, 0xff, h->value_limit * sizeof(*index->values));
	for (uint32_t i = 0; i < h->op_count; i++)
		if (!index_value(index, i, ret_verdict))
			return false;
	for (uint32_t v = 0; v < h->value_limit; v++) {
		struct lin_value ends = index->values[v];

		if (ends.get == LIN_NONE)
			continue;
		if (ends.put == LIN_NONE)
			return lin_refuse(ret_verdict, "value %u came out, which nobody put in",
					  (unsigned)v);
		if (h->ops[ends.get].ret < h->ops[ends.put].call)
			return lin_refuse(ret_verdict, "value %u came out before it was put",
					  (unsigned)v);
	}
	return true;
}

bool lin_index_build(struct lin_index *ret_index, const struct lin_history *history,
		     struct lin_verdict *ret_verdict)
{
	*ret_index = (struct lin_index){
		.history = history,
		.by_tick = lin_alloc(history->tick_limit, sizeof(uint32_t)),
		.values = lin_alloc(history->value_limit, sizeof(struct lin_value)),
	};
	index_ticks(ret_index);
	if (index_values(ret_index, ret_verdict))
		return true;
	lin_index_free(ret_index);
	return false;
}

void lin_index_free(struct lin_index *index)
{
	free(index->by_tick);
	free(index->values);
}

/* +1 where a value begins to be certainly inside, -1 where it may begin to leave. */
static int sure_change(const struct lin_index *index, uint32_t event)
{
	const struct lin_op *op = &index->history->ops[event / 2];
	bool is_ret = event % 2;

	if (op->kind == LIN_PUT && is_ret && op->ret < lin_get_call(index, op->value))
		return 1;
	if ((op->kind == LIN_GET || op->kind == LIN_STEAL) && !is_ret &&
	    lin_put_of(index, op->value)->ret < op->call)
		return -1;
	return 0;
}

bool lin_empties_are_possible(const struct lin_index *index, struct lin_verdict *ret_verdict)
{
	const struct lin_history *h = index->history;
	uint32_t sure_count = 0, free_tick = 0; /* nothing was sure right after this one */

	for (uint32_t t = 0; t < h->tick_limit; t++) {
		uint32_t event = index->by_tick[t];
		const struct lin_op *op;

		if (event != LIN_NONE) {
			op = &h->ops[event / 2];
			if (event % 2 && (op->kind == LIN_EMPTY || op->kind == LIN_STEAL_EMPTY) &&
			    free_tick < op->call)
				return lin_refuse(ret_verdict,
						  "empty at ticks %u..%u, with something inside "
						  "throughout",
						  (unsigned)op->call, (unsigned)op->ret);
			sure_count += (uint32_t)sure_change(index, event);
		}
		if (sure_count == 0)
			free_tick = t;
	}
	return true;
}

/* ---- queue ---- */

/* No value overtakes another that was put before it. */
static bool order_is_kept(const struct lin_index *index, struct lin_verdict *ret_verdict)
{
	const struct lin_history *h = index->history;
	uint32_t latest = 0,
		 latest_value = LIN_NONE; /* get of the values put so far, last to start */

	for (uint32_t t = 0; t < h->tick_limit; t++) {
		uint32_t event = index->by_tick[t], value;

		if (event == LIN_NONE || h->ops[event / 2].kind != LIN_PUT)
			continue;
		value = h->ops[event / 2].value;
		if (event % 2 == 0 && latest_value != LIN_NONE &&
		    lin_get_ret(index, value) < latest)
			return lin_refuse(ret_verdict, "value %u overtook value %u, put before it",
					  (unsigned)value, (unsigned)latest_value);
		if (event % 2 == 1 &&
		    (latest_value == LIN_NONE || lin_get_call(index, value) > latest)) {
			latest = lin_get_call(index, value);
			latest_value = value;
		}
	}
	return true;
}

/* Necessary: never surely more inside than fit, and as many as fit perhaps inside at "full". */
static bool bound_is_kept(const struct lin_index *index, struct lin_verdict *ret_verdict)
{
	const struct lin_history *h = index->history;
	uint32_t sure_count = 0, perhaps_count = 0, full_tick = LIN_NEVER;

	for (uint32_t t = 0; t < h->tick_limit; t++) {
		uint32_t event = index->by_tick[t];
		const struct lin_op *op;

		if (event != LIN_NONE) {
			op = &h->ops[event / 2];
			if (event % 2 && op->kind == LIN_FULL &&
			    (full_tick == LIN_NEVER || full_tick < op->call))
				return lin_refuse(ret_verdict,
						  "full at ticks %u..%u, with room throughout",
						  (unsigned)op->call, (unsigned)op->ret);
			sure_count += (uint32_t)sure_change(index, event);
			perhaps_count += event % 2 == 0 && op->kind == LIN_PUT;
			perhaps_count -= event % 2 == 1 && op->kind == LIN_GET;
		}
		if (perhaps_count >= h->capacity)
			full_tick = t;
		if (sure_count > h->capacity)
			return lin_refuse(ret_verdict, "%u values inside after tick %u, %u fit",
					  (unsigned)sure_count, (unsigned)t, (unsigned)h->capacity);
	}
	return true;
}

bool lin_queue(const struct lin_history *history, struct lin_verdict *ret_verdict)
{
	struct lin_index index;
	bool ok;

	if (!lin_index_build(&index, history, ret_verdict))
		return false;
	ok = order_is_kept(&index, ret_verdict) && lin_empties_are_possible(&index, ret_verdict) &&
	     (history->capacity == 0 || bound_is_kept(&index, ret_verdict));
	lin_index_free(&index);
	return ok && lin_accept(ret_verdict);
}

/* ---- set ---- */

struct key {
	uint32_t first; /* of its pending calls, or LIN_NONE */
	bool is_in;
};

struct set {
	const struct lin_history *history;
	struct key *keys;
	uint32_t *next; /* of a pending call, the next one of its key */
	bool *is_done;  /* has taken effect */
};

static bool is_toggle(const struct lin_op *op)
{
	return op->kind == LIN_INSERT || op->kind == LIN_ERASE;
}

/* The state that a call needs to take effect. */
static bool needs_in(const struct lin_op *op)
{
	return op->kind == LIN_INSERT_NOT || op->kind == LIN_ERASE || op->kind == LIN_CONTAINS;
}

static void set_begin(struct set *set, uint32_t i)
{
	const struct lin_op *op = &set->history->ops[i];
	struct key *key = &set->keys[op->value];

	if (!is_toggle(op) && needs_in(op) == key->is_in) {
		set->is_done[i] = true;
		return;
	}
	set->next[i] = key->first;
	key->first = i;
}

/* The toggle takes effect, and with it every reader that waited for the state it brings. */
static void set_toggle(struct set *set, uint32_t toggle)
{
	struct key *key = &set->keys[set->history->ops[toggle].value];
	uint32_t *link = &key->first;

	key->is_in = !key->is_in;
	while (*link != LIN_NONE) {
		uint32_t i = *link;
		const struct lin_op *op = &set->history->ops[i];

		if (i == toggle || (!is_toggle(op) && needs_in(op) == key->is_in)) {
			set->is_done[i] = true;
			*link = set->next[i];
		} else {
			link = &set->next[i];
		}
	}
}

/* Of the pending toggles that the key's state admits, the one that returns first; or LIN_NONE. */
static uint32_t set_most_urgent(const struct set *set, const struct key *key)
{
	uint32_t best = LIN_NONE;

	for (uint32_t i = key->first; i != LIN_NONE; i = set->next[i]) {
		const struct lin_op *op = &set->history->ops[i];

		if (is_toggle(op) && needs_in(op) == key->is_in &&
		    (best == LIN_NONE || op->ret < set->history->ops[best].ret))
			best = i;
	}
	return best;
}

/* Call i returns now: it takes effect at the latest here. False: it cannot. */
static bool set_end(struct set *set, uint32_t i)
{
	const struct lin_op *op = &set->history->ops[i];
	struct key *key = &set->keys[op->value];

	if (set->is_done[i])
		return true;
	if (needs_in(op) != key->is_in) {
		uint32_t toggle = set_most_urgent(set, key);

		if (toggle == LIN_NONE)
			return false;
		set_toggle(set, toggle);
	}
	if (is_toggle(op))
		set_toggle(set, i);
	return true;
}

static bool set_sweep(struct set *set, const struct lin_index *index,
		      struct lin_verdict *ret_verdict)
{
	for (uint32_t t = 0; t < set->history->tick_limit; t++) {
		uint32_t event = index->by_tick[t];
		const struct lin_op *op;

		if (event == LIN_NONE)
			continue;
		op = &set->history->ops[event / 2];
		if (event % 2 == 0)
			set_begin(set, event / 2);
		else if (!set_end(set, event / 2))
			return lin_refuse(ret_verdict, "key %u was %s throughout ticks %u..%u",
					  (unsigned)op->value, needs_in(op) ? "out" : "in",
					  (unsigned)op->call, (unsigned)op->ret);
	}
	return true;
}

bool lin_set(const struct lin_history *history, struct lin_verdict *ret_verdict)
{
	struct lin_index index = { .history = history,
				   .by_tick = lin_alloc(history->tick_limit, sizeof(uint32_t)) };
	struct set set = { .history = history,
			   .keys = lin_alloc(history->value_limit, sizeof(struct key)),
			   .next = lin_alloc(history->op_count, sizeof(uint32_t)),
			   .is_done = lin_alloc(history->op_count, sizeof(bool)) };
	bool ok;

	index_ticks(&index);
	for (uint32_t k = 0; k < history->value_limit; k++)
		set.keys[k].first = LIN_NONE;
	ok = set_sweep(&set, &index, ret_verdict);
	free(set.keys);
	free(set.next);
	free(set.is_done);
	lin_index_free(&index);
	return ok && lin_accept(ret_verdict);
}

/* ---- deque ---- */

struct owner {
	uint32_t *values; /* put and not yet known to be gone, oldest first */
	uint32_t count;
	uint32_t latest; /* of all put so far, the latest beginning of a get or steal */
};

/* The owner's call i; its calls come in its own order. */
static bool owner_step(struct owner *owner, const struct lin_index *index, const struct lin_op *op,
		       struct lin_verdict *ret_verdict)
{
	if (op->kind == LIN_PUT) {
		owner->values[owner->count++] = op->value;
		return true;
	}
	if (op->kind == LIN_GET) {
		if (owner->count > 0 && owner->values[owner->count - 1] == op->value) {
			owner->count--;
			return true;
		}
		return lin_refuse(ret_verdict, "the owner got value %u with a newer one inside",
				  (unsigned)op->value);
	}
	for (; owner->count > 0; owner->count--)
		if (lin_get_call(index, owner->values[owner->count - 1]) > op->ret)
			return lin_refuse(ret_verdict, "empty at ticks %u..%u with value %u inside",
					  (unsigned)op->call, (unsigned)op->ret,
					  (unsigned)owner->values[owner->count - 1]);
	return true;
}

/* The value put just now was not stolen while an older one was still inside. */
static bool steal_is_in_order(struct owner *owner, const struct lin_index *index, uint32_t value,
			      struct lin_verdict *ret_verdict)
{
	uint32_t get = index->values[value].get, call = lin_get_call(index, value);

	if (get != LIN_NONE && index->history->ops[get].kind == LIN_STEAL &&
	    index->history->ops[get].ret < owner->latest)
		return lin_refuse(ret_verdict, "value %u was stolen with an older one inside",
				  (unsigned)value);
	if (call > owner->latest)
		owner->latest = call;
	return true;
}

static bool deque_sweep(struct owner *owner, const struct lin_index *index,
			struct lin_verdict *ret_verdict)
{
	const struct lin_history *h = index->history;

	for (uint32_t t = 0; t < h->tick_limit; t++) {
		uint32_t event = index->by_tick[t];
		const struct lin_op *op;

		if (event == LIN_NONE || event % 2 == 0)
			continue;
		op = &h->ops[event / 2];
		if (op->kind == LIN_PUT && !steal_is_in_order(owner, index, op->value, ret_verdict))
			return false;
		if ((op->kind == LIN_PUT || op->kind == LIN_GET || op->kind == LIN_EMPTY) &&
		    !owner_step(owner, index, op, ret_verdict))
			return false;
	}
	return true;
}

bool lin_deque(const struct lin_history *history, struct lin_verdict *ret_verdict)
{
	struct owner owner = { .values = lin_alloc(history->value_limit, sizeof(uint32_t)) };
	struct lin_index index;
	bool ok = false;

	if (lin_index_build(&index, history, ret_verdict)) {
		ok = deque_sweep(&owner, &index, ret_verdict) &&
		     lin_empties_are_possible(&index, ret_verdict);
		lin_index_free(&index);
	}
	free(owner.values);
	return ok && lin_accept(ret_verdict);
}

bool lin_check(const struct lin_history *history, enum lin_spec spec,
	       struct lin_verdict *ret_verdict)
{
	static bool (*const checks[])(const struct lin_history *, struct lin_verdict *) = {
		[LIN_QUEUE] = lin_queue,
		[LIN_STACK] = lin_stack,
		[LIN_SET] = lin_set,
		[LIN_DEQUE] = lin_deque,
	};

	return checks[spec](history, ret_verdict);
}
