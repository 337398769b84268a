/* SPDX-License-Identifier: MIT */
/*
 * The fast checkers against the exhaustive one: on random small histories, right ones and spoilt
 * ones, both give the same verdict. Where a fast checker uses necessary conditions only (deque,
 * and a queue's "full"), it may not refuse what the exhaustive one accepts.
 *
 * A right history comes from threads that are simulated on the sequential structure: each call
 * begins, takes effect and returns at random ticks. It is spoilt by exchanging what two calls say,
 * by changing what one says, or by exchanging two neighbouring ticks, up to three times.
 */
#include "base/prng.h"
#include "lib/lin.h"
#include "nw_test.h"

enum {
	THREADS = 4,
	CALLS_MAX = 12,
	KEYS = 2,
	CAPACITY = 2,
#ifdef NW_SMALL
	ROUNDS = 4000,
#else
	ROUNDS = 20000,
#endif
};

struct machine {
	enum lin_spec spec;
	struct nwi_prng prng;
	uint32_t items[CALLS_MAX];
	uint32_t item_count, value_count, tick, capacity;
	bool is_in[KEYS];
	struct lin_op ops[CALLS_MAX];
	uint32_t op_count;
};

static uint32_t below(struct machine *m, uint32_t n)
{
	return nwi_prng_below(&m->prng, n);
}

static void take(struct machine *m, struct lin_op *op, uint32_t at)
{
	op->value = m->items[at];
	m->item_count--;
	memmove(&m->items[at], &m->items[at + 1], (m->item_count - at) * sizeof(m->items[0]));
}

static void effect_set(struct machine *m, struct lin_op *op)
{
	bool *is_in = &m->is_in[op->value];

	if (op->kind == LIN_INSERT && *is_in)
		op->kind = LIN_INSERT_NOT;
	else if (op->kind == LIN_ERASE && !*is_in)
		op->kind = LIN_ERASE_NOT;
	else if (op->kind == LIN_CONTAINS && !*is_in)
		op->kind = LIN_CONTAINS_NOT;
	*is_in = op->kind == LIN_INSERT || (op->kind != LIN_ERASE && *is_in);
}

/* The call takes effect: its kind and value say what came of it. */
static void effect(struct machine *m, struct lin_op *op)
{
	bool is_first = m->spec == LIN_QUEUE || op->kind == LIN_STEAL;

	if (m->spec == LIN_SET) {
		effect_set(m, op);
	} else if (op->kind == LIN_PUT && m->capacity > 0 && m->item_count == m->capacity) {
		op->kind = LIN_FULL;
	} else if (op->kind == LIN_PUT) {
		m->items[m->item_count++] = op->value;
	} else if (m->item_count == 0) {
		op->kind = op->kind == LIN_STEAL ? LIN_STEAL_EMPTY : LIN_EMPTY;
	} else {
		take(m, op, is_first ? 0 : m->item_count - 1);
	}
}

static void begin(struct machine *m, struct lin_op *op, uint32_t thread)
{
	uint32_t dice = below(m, 5);

	*op = (struct lin_op){ .call = m->tick++, .thread = (uint8_t)thread };
	if (m->spec == LIN_SET) {
		op->kind = (uint8_t)(dice < 2 ? LIN_INSERT : dice < 4 ? LIN_ERASE : LIN_CONTAINS);
		op->value = below(m, KEYS);
	} else if (m->spec == LIN_DEQUE && thread != 0) {
		op->kind = LIN_STEAL;
	} else if (dice < 3) {
		op->kind = LIN_PUT;
		op->value = m->value_count++;
	} else {
		op->kind = LIN_GET;
	}
}

/* A right history of call_count calls. */
static void simulate(struct machine *m, uint32_t call_count)
{
	struct lin_op *running[THREADS] = { NULL };
	bool has_effect[THREADS] = { false };
	uint32_t left = call_count;

	while (left > 0) {
		uint32_t t = below(m, THREADS);

		if (!running[t] && m->op_count < call_count) {
			running[t] = &m->ops[m->op_count++];
			has_effect[t] = false;
			begin(m, running[t], t);
		} else if (running[t] && !has_effect[t]) {
			effect(m, running[t]);
			has_effect[t] = true;
		} else if (running[t]) {
			running[t]->ret = m->tick++;
			running[t] = NULL;
			left--;
		}
	}
}

/* The call whose tick is t, and that tick. */
static uint32_t *tick_of(struct machine *m, uint32_t t, uint32_t *ret_op)
{
	for (uint32_t i = 0; i < m->op_count; i++) {
		*ret_op = i;
		if (m->ops[i].call == t)
			return &m->ops[i].call;
		if (m->ops[i].ret == t)
			return &m->ops[i].ret;
	}
	FAIL("no tick %u", (unsigned)t);
	return NULL;
}

static void exchange_ticks(struct machine *m)
{
	uint32_t t = below(m, m->tick - 1), i, j;
	uint32_t *a = tick_of(m, t, &i), *b = tick_of(m, t + 1, &j);

	if (m->ops[i].thread == m->ops[j].thread)
		return; /* a thread's own order stays */
	*a = t + 1;
	*b = t;
}

static bool has_value(const struct lin_op *op)
{
	return op->kind == LIN_GET || op->kind == LIN_STEAL;
}

static void spoil(struct machine *m)
{
	struct lin_op *a = &m->ops[below(m, m->op_count)], *b = &m->ops[below(m, m->op_count)];
	uint32_t value = a->value;

	switch (below(m, 4)) {
	case 0: /* a set's word turns into its opposite; what came out did not */
		if (m->spec == LIN_SET)
			a->kind = (uint8_t)(LIN_INSERT + ((a->kind - LIN_INSERT) ^ 1));
		else if (has_value(a))
			a->kind = a->kind == LIN_STEAL ? LIN_STEAL_EMPTY : LIN_EMPTY;
		break;
	case 1: /* two calls exchange what came out, or what they put */
		if (a->kind == b->kind && (has_value(a) || a->kind == LIN_PUT)) {
			a->value = b->value;
			b->value = value;
		}
		break;
	default:
		exchange_ticks(m);
	}
}

static struct lin_history history_of(struct machine *m)
{
	return (struct lin_history){ .ops = m->ops,
				     .op_count = m->op_count,
				     .tick_limit = m->tick,
				     .value_limit = m->spec == LIN_SET ? KEYS : CALLS_MAX,
				     .capacity = m->capacity };
}

struct counts {
	uint32_t right, wrong; /* verdicts of the exhaustive checker */
	uint32_t missed;       /* wrong, and the fast checker did not see it */
};

static void compare(struct machine *m, struct counts *counts)
{
	struct lin_history h = history_of(m);
	struct lin_verdict fast, small;

	lin_check(&h, m->spec, &fast);
	lin_small(&h, m->spec, &small);
	counts->right += small.is_linearizable;
	counts->wrong += !small.is_linearizable;
	counts->missed += !small.is_linearizable && fast.is_linearizable;
	if (small.is_linearizable && !fast.is_linearizable) {
		lin_print(&h);
		FAIL("wrongly refused: %s", fast.text);
	}
}

static struct counts compare_all(enum lin_spec spec, uint32_t capacity, bool is_exact)
{
	struct counts counts = { 0, 0, 0 };

	for (int i = 0; i < ROUNDS * nw_test_scale(); i++) {
		struct machine m = { .spec = spec, .capacity = capacity };
		uint32_t spoilt, before = counts.missed;

		nwi_prng_init(&m.prng, nw_test_seed() * 1000003 + (uint64_t)i);
		spoilt = below(&m, 4);
		simulate(&m, 2 + below(&m, CALLS_MAX - 1));
		if (spoilt == 0)
			CHECK_INT(m.tick, ==, 2 * m.op_count);
		for (uint32_t k = 0; k < spoilt; k++)
			spoil(&m);
		compare(&m, &counts);
		if (is_exact && counts.missed > before) {
			struct lin_history h = history_of(&m);

			lin_print(&h);
			FAIL("accepted, round %d", i);
		}
	}
	printf("# %u right, %u wrong, %u of them missed\n", (unsigned)counts.right,
	       (unsigned)counts.wrong, (unsigned)counts.missed);
	/* The comparison says something: there were enough of both. */
	CHECK_INT(counts.right, >, ROUNDS / 10);
	CHECK_INT(counts.wrong, >, ROUNDS / 50);
	return counts;
}

TEST(queue_verdicts_are_those_of_exhaustive_search)
{
	(void)compare_all(LIN_QUEUE, 0, true);
}

TEST(stack_verdicts_are_those_of_exhaustive_search)
{
	(void)compare_all(LIN_STACK, 0, true);
}

TEST(set_verdicts_are_those_of_exhaustive_search)
{
	(void)compare_all(LIN_SET, 0, true);
}

TEST(bounded_queues_are_never_wrongly_refused)
{
	struct counts counts = compare_all(LIN_QUEUE, CAPACITY, false);

	CHECK_INT(counts.missed, <, counts.wrong / 2);
}

TEST(deques_are_never_wrongly_refused)
{
	struct counts counts = compare_all(LIN_DEQUE, 0, false);

	CHECK_INT(counts.missed, <, counts.wrong / 2);
}

/* Without spoiling, every history is right, and both checkers say so. */
TEST(what_was_simulated_is_linearizable)
{
	static const enum lin_spec specs[] = { LIN_QUEUE, LIN_STACK, LIN_SET, LIN_DEQUE };

	for (uint32_t i = 0; i < 4000; i++) {
		struct machine m = { .spec = specs[i % 4] };
		struct counts counts = { 0, 0, 0 };

		nwi_prng_init(&m.prng, nw_test_seed() + i);
		simulate(&m, CALLS_MAX);
		compare(&m, &counts);
		CHECK_INT(counts.right, ==, 1);
	}
}

static void check_text(enum lin_spec spec, struct lin_op *ops, uint32_t op_count, const char *text)
{
	struct lin_history h = { ops, op_count, 2 * op_count, 4, 0 };
	struct lin_verdict verdict;

	CHECK(!lin_check(&h, spec, &verdict));
	if (!strstr(verdict.text, text))
		FAIL("\"%s\" does not say \"%s\"", verdict.text, text);
	CHECK(!lin_small(&h, spec, &verdict));
}

TEST(a_refusal_says_what_is_wrong)
{
	struct lin_op twice[] = { { 0, 1, 0, LIN_PUT, 0 },
				  { 2, 3, 0, LIN_GET, 0 },
				  { 4, 5, 0, LIN_GET, 1 } };
	struct lin_op nowhere[] = { { 0, 1, 3, LIN_GET, 0 } };
	struct lin_op early[] = { { 0, 1, 0, LIN_GET, 0 }, { 2, 3, 0, LIN_PUT, 1 } };
	struct lin_op overtakes[] = { { 0, 1, 0, LIN_PUT, 0 },
				      { 2, 3, 1, LIN_PUT, 0 },
				      { 4, 5, 1, LIN_GET, 1 } };
	struct lin_op empty[] = { { 0, 1, 0, LIN_PUT, 0 }, { 2, 3, 0, LIN_EMPTY, 0 } };
	struct lin_op bottom[] = { { 0, 1, 0, LIN_PUT, 0 },
				   { 2, 3, 1, LIN_PUT, 0 },
				   { 4, 5, 0, LIN_GET, 1 } };
	struct lin_op key[] = { { 0, 1, 2, LIN_INSERT, 0 }, { 2, 3, 2, LIN_INSERT, 1 } };

	check_text(LIN_QUEUE, twice, 3, "twice");
	check_text(LIN_STACK, nowhere, 1, "nobody put");
	check_text(LIN_QUEUE, early, 2, "before it was put");
	check_text(LIN_QUEUE, overtakes, 3, "value 1 overtook value 0");
	check_text(LIN_STACK, empty, 2, "empty at ticks 2..3");
	check_text(LIN_STACK, bottom, 3, "bottom");
	check_text(LIN_SET, key, 2, "key 2");
	check_text(LIN_DEQUE, bottom, 3, "newer one inside");
}
