/* SPDX-License-Identifier: MIT */
/*
 * Values of TLA+: normal forms, order, equality, algebra, membership, printing and the store.
 * Random values are checked against laws and against bit masks, which share no code with sets.
 */
#include "nw_test.h"

#include <tla/value/fcn.h>
#include <tla/value/order.h>
#include <tla/value/print.h>
#include <tla/value/set.h>
#include <tla/value/store.h>

#include <pthread.h>
#include <stdarg.h>

static const char *text_of(const void *names, uint32_t id)
{
	static const char *const texts[] = { "a", "b", "c", "x y", "m_1", "m_2", "n_1" };

	(void)names;
	return texts[id];
}

static void heap_open(struct tla_heap *heap)
{
	CHECK_INT(tla_heap_init(heap, NW_NODE_ANY, (size_t)1 << 30), ==, 0);
	heap->hooks.string_text = text_of;
	heap->hooks.model_text = text_of;
}

static const char *shown(struct tla_heap *heap, tla_value v)
{
	static char text[8][TLA_BRIEF_BYTES];
	static unsigned turn;

	return tla_brief(heap, v, text[turn++ % 8]);
}

static tla_value set_of(struct tla_heap *heap, size_t count, ...)
{
	tla_value items[16];
	va_list args;

	va_start(args, count);
	for (size_t i = 0; i < count; i++)
		items[i] = va_arg(args, tla_value);
	va_end(args);
	return tla_set_new(heap, items, count);
}

#define SET(...) \
	set_of(&heap, sizeof((tla_value[]){ __VA_ARGS__ }) / sizeof(tla_value), __VA_ARGS__)

static uint64_t random_next(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return *state >> 33;
}

/* A small value of some kind; depth bounds the nesting. */
static tla_value random_value(struct tla_heap *heap, uint64_t *seed, int depth)
{
	tla_value items[4];
	size_t count = random_next(seed) % 4;

	switch (random_next(seed) % (depth > 0 ? 8 : 4)) {
	case 0:
		return tla_bool(random_next(seed) & 1);
	case 1:
		return tla_string((uint32_t)(random_next(seed) % 3));
	case 2:
		return tla_model((uint32_t)(random_next(seed) % 2));
	case 3:
		return tla_int((int64_t)(random_next(seed) % 5) - 1);
	default:
		break;
	}
	for (size_t i = 0; i < count; i++)
		items[i] = random_value(heap, seed, depth - 1);
	switch (random_next(seed) % 3) {
	case 0:
		return tla_set_new(heap, items, count);
	case 1:
		return tla_tuple(heap, items, (uint32_t)count);
	default:
		return tla_fcn(heap,
			       tla_interval(heap, (int64_t)(random_next(seed) % 2),
					    (int64_t)(random_next(seed) % 2) + (int64_t)count - 1),
			       (tla_value[]){ tla_int(1), tla_int(2), tla_int(3), tla_int(1),
					      tla_int(0) });
	}
}

static int sign(int i)
{
	return (i > 0) - (i < 0);
}

TEST(equal_values_have_equal_shapes)
{
	struct tla_heap heap;

	heap_open(&heap);
	CHECK_STR(shown(&heap, SET(tla_int(2), tla_int(1), tla_int(2), tla_int(3))), "{1, 2, 3}");
	CHECK(tla_is_kind(SET(tla_int(3), tla_int(2)), TLA_INTERVAL));
	CHECK_STR(shown(&heap, SET(tla_int(4), tla_int(2))), "{2, 4}");
	CHECK(tla_set_new(&heap, NULL, 0) == tla_set_empty());
	CHECK(tla_interval(&heap, 3, 2) == tla_set_empty());
	CHECK(tla_is_kind(
		tla_fcn(&heap, tla_interval(&heap, 1, 2), (tla_value[]){ TLA_TRUE, TLA_FALSE }),
		TLA_TUPLE));
	CHECK(tla_is_kind(tla_fcn(&heap, tla_set_empty(), NULL), TLA_TUPLE));
	CHECK(tla_is_kind(tla_single(&heap, tla_int(1), TLA_TRUE), TLA_TUPLE));
	tla_heap_fini(&heap);
}

TEST(prints_as_tlc_does)
{
	struct tla_heap heap;
	tla_value a = tla_string(0), b = tla_string(1);

	heap_open(&heap);
	CHECK_STR(shown(&heap, tla_record(&heap, (tla_value[]){ b, a },
					  (tla_value[]){ tla_int(-1), TLA_TRUE }, 2)),
		  "[a |-> TRUE, b |-> -1]");
	CHECK_STR(shown(&heap, tla_single(&heap, tla_string(3), a)), "(\"x y\" :> \"a\")");
	CHECK_STR(shown(&heap, tla_tuple(&heap, (tla_value[]){ tla_model(4), b }, 2)),
		  "<<m_1, \"b\">>");
	CHECK_STR(shown(&heap, tla_fcns(&heap, SET(a, b), tla_infinite(TLA_NAT))),
		  "[{\"a\", \"b\"} -> Nat]");
	CHECK_STR(shown(&heap, tla_set_empty()), "{}");
	CHECK_STR(shown(&heap, tla_tuple(&heap, NULL, 0)), "<<>>");
	tla_heap_fini(&heap);
}

TEST(order_equality_and_hash_agree_on_random_values)
{
	uint64_t seed = nw_test_seed();
	struct tla_heap heap;

	heap_open(&heap);
	for (int round = 0; round < 20000 * nw_test_scale(); round++) {
		struct tla_mark mark = tla_heap_mark(&heap);
		tla_value a = random_value(&heap, &seed, 3), b = random_value(&heap, &seed, 3);
		tla_value c = random_value(&heap, &seed, 3);
		int ab = tla_compare(a, b), bc = tla_compare(b, c), equal = tla_equal(&heap, a, b);

		CHECK_INT(sign(ab), ==, -sign(tla_compare(b, a)));
		if (ab <= 0 && bc <= 0)
			CHECK_INT(tla_compare(a, c), <=, 0);
		if (equal >= 0)
			CHECK_INT(equal, ==, ab == 0);
		else
			CHECK(ab != 0 && heap.has_failed);
		if (ab == 0)
			CHECK(tla_hash(a) == tla_hash(b));
		tla_heap_clear(&heap);
		tla_heap_cut(&heap, mark);
	}
	tla_heap_fini(&heap);
}

/* The set of those small integers whose bit is set. */
static tla_value from_mask(struct tla_heap *heap, unsigned mask)
{
	tla_value items[8];
	size_t count = 0;

	for (int i = 7; i >= 0; i--)
		if (mask >> i & 1)
			items[count++] = tla_int(i);
	return tla_set_new(heap, items, count);
}

TEST(set_algebra_agrees_with_bit_masks)
{
	struct tla_heap heap;

	heap_open(&heap);
	for (unsigned a = 0; a < 256; a++) {
		for (unsigned b = 0; b < 256; b++) {
			struct tla_mark mark = tla_heap_mark(&heap);
			tla_value x = from_mask(&heap, a), y = from_mask(&heap, b);

			CHECK(tla_equal(&heap, tla_cup(&heap, x, y), from_mask(&heap, a | b)) == 1);
			CHECK(tla_equal(&heap, tla_cap(&heap, x, y), from_mask(&heap, a & b)) == 1);
			CHECK(tla_equal(&heap, tla_diff(&heap, x, y), from_mask(&heap, a & ~b)) ==
			      1);
			CHECK_INT(tla_is_subset(&heap, x, y), ==, (a & ~b) == 0);
			CHECK_INT(tla_cardinality(&heap, x), ==, __builtin_popcount(a));
			CHECK_INT(tla_member(&heap, tla_int(b % 8), x), ==, a >> b % 8 & 1);
			tla_heap_cut(&heap, mark);
		}
	}
	tla_heap_fini(&heap);
}

/* What is not evaluated answers as what it evaluates to, and gives its elements ascending. */
static void check_unevaluated(struct tla_heap *heap, tla_value set, int64_t count)
{
	tla_value all = tla_explicit(heap, set), v, last = TLA_NONE;
	struct tla_iter iter;
	int64_t seen = 0;

	CHECK(tla_is_finite(all));
	CHECK_INT(tla_cardinality(heap, set), ==, count);
	CHECK_INT(tla_set_count(tla_obj(all)), ==, count);
	CHECK_INT(tla_iter_init(heap, &iter, set), ==, 0);
	while (tla_iter_next(heap, &iter, &v) == 1) {
		CHECK(!last || tla_compare(last, v) < 0);
		CHECK(tla_member(heap, v, set) == 1 && tla_member(heap, v, all) == 1);
		last = v;
		seen++;
	}
	CHECK_INT(seen, ==, count);
	CHECK(tla_equal(heap, set, all) == 1);
}

TEST(unevaluated_sets_are_what_they_evaluate_to)
{
	struct tla_heap heap;
	tla_value abc, small, none = tla_set_empty();

	heap_open(&heap);
	abc = SET(tla_string(0), tla_string(1), tla_string(2));
	small = tla_interval(&heap, 0, 1);
	check_unevaluated(&heap, tla_subset(&heap, abc), 8);
	check_unevaluated(&heap, tla_subset(&heap, none), 1);
	check_unevaluated(&heap, tla_fcns(&heap, abc, small), 8);
	check_unevaluated(&heap, tla_fcns(&heap, small, abc), 9);
	check_unevaluated(&heap, tla_fcns(&heap, none, abc), 1);
	check_unevaluated(&heap, tla_fcns(&heap, abc, none), 0);
	check_unevaluated(&heap, tla_cross(&heap, (tla_value[]){ abc, small, abc }, 3), 18);
	check_unevaluated(&heap,
			  tla_rcds(&heap, (tla_value[]){ tla_string(1), tla_string(0) },
				   (tla_value[]){ small, abc }, 2),
			  6);
	check_unevaluated(&heap, tla_subset(&heap, tla_subset(&heap, small)), 16);
	tla_heap_fini(&heap);
}

TEST(infinite_sets_are_for_membership)
{
	struct tla_heap heap;
	tla_value nat = tla_infinite(TLA_NAT), both, one;
	struct tla_iter iter;

	heap_open(&heap);
	both = tla_cup(&heap, nat, SET(tla_int(-5)));
	one = tla_tuple(&heap, (tla_value[]){ tla_int(4), tla_int(2) }, 2);
	CHECK_INT(tla_member(&heap, tla_int(-5), both), ==, 1);
	CHECK_INT(tla_member(&heap, tla_int(-4), both), ==, 0);
	CHECK_INT(tla_member(&heap, one, tla_seqs(&heap, nat)), ==, 1);
	CHECK_INT(tla_member(&heap, SET(tla_int(3), tla_int(9)), tla_subset(&heap, nat)), ==, 1);
	CHECK(tla_equal(&heap, tla_cap(&heap, tla_interval(&heap, -3, 3), nat),
			tla_interval(&heap, 0, 3)) == 1);
	CHECK(!tla_is_enumerable(both));
	CHECK_INT(tla_iter_init(&heap, &iter, both), <, 0);
	CHECK(strstr(heap.error, "infinite") != NULL);
	tla_heap_fini(&heap);
}

TEST(comparing_different_kinds_is_an_error_and_model_values_are_not)
{
	struct tla_heap heap;
	tla_value m1 = tla_model(4), m2 = tla_model(5), n1 = tla_model(6), plain = tla_model(0);

	heap_open(&heap);
	CHECK_INT(tla_equal(&heap, tla_int(1), tla_string(0)), ==, -1);
	CHECK_STR(heap.error, "Attempted to check equality of 1 with:\n\"a\"");
	tla_heap_clear(&heap);
	CHECK_INT(tla_equal(&heap, plain, tla_int(1)), ==, 0);
	CHECK_INT(tla_equal(&heap, m1, m2), ==, 0);
	CHECK_INT(tla_equal(&heap, m1, plain), ==, 0);
	CHECK(!heap.has_failed);
	CHECK_INT(tla_equal(&heap, m1, n1), ==, -1);
	tla_heap_clear(&heap);
	CHECK_INT(tla_equal(&heap, tla_int(1), m1), ==, -1);
	tla_heap_clear(&heap);
	CHECK_INT(tla_member(&heap, tla_string(0), SET(tla_int(1), tla_int(5))), ==, -1);
	tla_heap_clear(&heap);
	CHECK_INT(tla_member(&heap, plain, SET(tla_int(1), tla_int(5))), ==, 0);
	tla_heap_fini(&heap);
}

TEST(functions_apply_replace_and_override)
{
	struct tla_heap heap;
	tla_value f, g;
	uint32_t hint = 0;

	heap_open(&heap);
	f = tla_record(&heap, (tla_value[]){ tla_string(2), tla_string(0) },
		       (tla_value[]){ tla_int(3), tla_int(1) }, 2);
	CHECK_INT(tla_int_of(tla_field(&heap, f, tla_string(2), &hint)), ==, 3);
	CHECK_INT(hint, ==, 1);
	CHECK(tla_field(&heap, f, tla_string(1), &hint) == TLA_NONE);
	CHECK(strstr(heap.error, "nonexistent field") != NULL);
	tla_heap_clear(&heap);
	g = tla_override(&heap, tla_single(&heap, tla_string(1), tla_int(2)), f);
	CHECK_STR(shown(&heap, g), "[a |-> 1, b |-> 2, c |-> 3]");
	g = tla_replace(&heap, tla_obj(g), 1, TLA_TRUE);
	CHECK_STR(shown(&heap, g), "[a |-> 1, b |-> TRUE, c |-> 3]");
	CHECK(tla_apply(&heap, tla_tuple(&heap, &g, 1), tla_int(1)) == g);
	CHECK(tla_apply(&heap, tla_tuple(&heap, &g, 1), tla_int(2)) == TLA_NONE);
	CHECK(strstr(heap.error, "out of bounds") != NULL);
	tla_heap_fini(&heap);
}

TEST(a_full_heap_fails_and_says_so)
{
	struct tla_heap heap;

	CHECK_INT(tla_heap_init(&heap, NW_NODE_ANY, (size_t)2 << 20), ==, 0);
	while (tla_alloc(&heap, 4096))
		;
	CHECK(heap.has_failed && strstr(heap.error, "Out of memory") != NULL);
	tla_heap_fini(&heap);
}

TEST(cutting_a_heap_back_keeps_its_chunks)
{
	struct tla_mark mark;
	struct tla_heap heap;
	size_t n_bytes = 0;

	heap_open(&heap);
	mark = tla_heap_mark(&heap);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 3000; i++)
			memset(tla_alloc(&heap, 1024), 0xff, 1024);
		if (round == 0)
			n_bytes = heap.n_bytes;
		CHECK_INT(heap.n_bytes, ==, n_bytes);
		tla_heap_cut(&heap, mark);
	}
	tla_heap_fini(&heap);
}

enum { STORE_THREADS = 4, STORE_VALUES = 2000 };

struct storing {
	struct tla_store *store;
	tla_value *found; /* STORE_VALUES */
	uint64_t stored_count;
};

/* Every thread stores the same values, each made on a heap of its own. */
static void *store_all(void *arg)
{
	struct storing *self = arg;
	struct tla_keeper *keeper;
	struct tla_heap heap;
	uint64_t seed = nw_test_seed();

	heap_open(&heap);
	CHECK_INT(tla_keeper_create(&keeper, self->store, NW_NODE_ANY), ==, 0);
	for (int i = 0; i < STORE_VALUES; i++) {
		tla_value v = random_value(&heap, &seed, 3);

		self->found[i] = tla_store(keeper, &heap, v);
		if (self->found[i])
			CHECK_INT(tla_compare(self->found[i], v), ==, 0);
		tla_heap_clear(&heap); /* sets of several kinds are refused */
	}
	/* The keepers' objects are still looked at: let the store's owner see them first. */
	self->stored_count = keeper->stored_count;
	tla_heap_fini(&heap);
	return keeper;
}

TEST(equal_values_are_one_word_in_the_store_whoever_stores_them)
{
	static tla_value found[STORE_THREADS][STORE_VALUES];
	struct storing each[STORE_THREADS];
	pthread_t threads[STORE_THREADS];
	void *keepers[STORE_THREADS];
	struct tla_store *store;
	int refused = 0;

	CHECK_INT(tla_store_create(&store), ==, 0);
	for (int t = 0; t < STORE_THREADS; t++) {
		each[t] = (struct storing){ .store = store, .found = found[t] };
		CHECK_INT(pthread_create(&threads[t], NULL, store_all, &each[t]), ==, 0);
	}
	for (int t = 0; t < STORE_THREADS; t++)
		CHECK_INT(pthread_join(threads[t], &keepers[t]), ==, 0);
	for (int i = 0; i < STORE_VALUES; i++) {
		refused += !found[0][i];
		for (int t = 1; t < STORE_THREADS; t++)
			CHECK(found[t][i] == found[0][i]);
		for (int j = 0; j < i && found[0][i]; j++)
			if (found[0][j])
				CHECK((found[0][j] == found[0][i]) ==
				      (tla_compare(found[0][j], found[0][i]) == 0));
	}
	CHECK(refused > 0 && refused < STORE_VALUES / 2);
	for (int t = 0; t < STORE_THREADS; t++)
		tla_keeper_destroy(keepers[t]);
	tla_store_destroy(store);
}

TEST(stored_values_outlive_the_keeper_that_came_first)
{
	struct tla_keeper *first, *second;
	struct tla_store *store;
	struct tla_heap heap;
	tla_value stored, again, items[3];

	CHECK_INT(tla_store_create(&store), ==, 0);
	CHECK_INT(tla_keeper_create(&first, store, NW_NODE_ANY), ==, 0);
	CHECK_INT(tla_keeper_create(&second, store, NW_NODE_ANY), ==, 0);
	heap_open(&heap);
	for (int i = 0; i < 3; i++)
		items[i] = tla_int(7 * i);
	stored = tla_store(first, &heap, tla_set_new(&heap, items, 3));
	CHECK(stored);
	tla_keeper_destroy(first);
	again = tla_store(second, &heap, tla_set_new(&heap, items, 3));
	CHECK(again == stored);
	CHECK_INT(tla_set_count(tla_obj(again)), ==, 3);
	CHECK(tla_set_at(tla_obj(again), 2) == tla_int(14));
	tla_heap_fini(&heap);
	tla_keeper_destroy(second);
	tla_store_destroy(store);
}
