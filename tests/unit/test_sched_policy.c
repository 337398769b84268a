/* SPDX-License-Identifier: MIT */
/*
 * src/sched: loads, victims, threshold and migration, at every limit. Pure functions, so one
 * thread.
 */
#include "nw_test.h"

#include "sched/policy.h"

enum { NODES_MAX = 8, STEPS_MAX = 4096 };

static const uint32_t two_apart[4] = { 10, 20, 20, 10 };
static const uint32_t flat4[16] = {
	10, 20, 20, 20, 20, 10, 20, 20, 20, 20, 10, 20, 20, 20, 20, 10
};
/* From node 0: node 2 is nearest, then 1, then 3. SLIT's values are uneven and not symmetric. */
static const uint32_t uneven4[16] = { 10, 21, 12, 255, 21, 10, 31, 21,
				      17, 21, 10, 21,  32, 21, 21, 10 };

struct machine {
	struct nwi_policy_map *map;
	struct nwi_policy_options options;
	struct nwi_policy policy;
	struct nwi_load loads[NODES_MAX];
};

static void make(struct machine *ret_machine, enum nwi_policy_kind kind, uint32_t node_count,
		 const uint32_t *worker_counts, const uint32_t *distance)
{
	void *memory = malloc(nwi_policy_map_bytes(node_count));

	CHECK(memory);
	memset(ret_machine, 0, sizeof(*ret_machine));
	ret_machine->map = nwi_policy_map_init(memory, node_count, worker_counts, distance);
	nwi_policy_options_default(&ret_machine->options, kind);
}

static void use(struct machine *machine, uint32_t worker_idx, uint64_t seed)
{
	nwi_policy_init(&machine->policy, machine->map, &machine->options, worker_idx, seed);
}

static void drop(struct machine *machine)
{
	free(machine->map);
}

/* What a spell in which every move saw `saw` was made of. */
struct spell {
	struct nwi_move moves[STEPS_MAX];
	uint32_t count;
};

static void run_spell(struct machine *machine, enum nwi_saw saw, struct spell *ret_spell)
{
	struct nwi_move move;

	ret_spell->count = 0;
	nwi_policy_step(&machine->policy, NWI_SAW_START, machine->loads, &move);
	while (move.kind != NWI_MOVE_SLEEP) {
		CHECK_INT(ret_spell->count, <, STEPS_MAX);
		ret_spell->moves[ret_spell->count++] = move;
		nwi_policy_step(&machine->policy, move.kind == NWI_MOVE_LOOK ? NWI_SAW_LOADS : saw,
				machine->loads, &move);
	}
	CHECK_INT(ret_spell->count + 1, <=, nwi_policy_spell_max(&machine->policy));
}

static void draw_remote(struct machine *machine, uint32_t spells, uint32_t *ret_by_node)
{
	static struct spell spell;

	memset(ret_by_node, 0, NODES_MAX * sizeof(*ret_by_node));
	for (uint32_t i = 0; i < spells; i++) {
		run_spell(machine, NWI_SAW_EMPTY, &spell);
		for (uint32_t j = 0; j < spell.count; j++) {
			const struct nwi_move *move = &spell.moves[j];

			if (move->kind == NWI_MOVE_STEAL &&
			    move->node_idx != machine->policy.node_idx)
				ret_by_node[move->node_idx]++;
		}
	}
}

TEST(a_share_is_the_floor_and_is_capped)
{
	CHECK_INT(nwi_load_share(0, 7), ==, 0);
	CHECK_INT(nwi_load_share(7, 7), ==, NWI_LOAD_ONE);
	CHECK_INT(nwi_load_share(1, 3), ==, NWI_LOAD_ONE / 3);
	CHECK_INT(nwi_load_share(UINT64_MAX, UINT64_MAX), ==, NWI_LOAD_ONE);
	CHECK_INT(nwi_load_share(UINT64_MAX, 1), ==, INT64_MAX);
	CHECK_INT(nwi_load_share(UINT64_C(1) << 31, 1), ==, INT64_MAX);
	CHECK_INT(nwi_load_share((UINT64_C(1) << 31) - 1, 1), ==, INT64_MAX - NWI_LOAD_ONE + 1);
	CHECK_INT(nwi_load_share(1, UINT64_MAX), ==, 0);
	CHECK_INT(nwi_load_share(0, 0), ==, 0);
	CHECK_INT(nwi_load_share(1, 0), ==, INT64_MAX);
}

TEST(imbalance_has_a_sign_and_looks_at_capacity)
{
	struct nwi_load four = { { [NWI_LOAD_CPU] = 4 } }, eight = { { [NWI_LOAD_CPU] = 8 } };
	struct nwi_load small = { { [NWI_LOAD_CPU] = 2 } }, large = { { [NWI_LOAD_CPU] = 16 } };

	CHECK(nwi_load_imbalance(&eight, &small, &four, &small, NULL) == 2 * NWI_LOAD_ONE);
	CHECK(nwi_load_imbalance(&four, &small, &eight, &small, NULL) == -2 * NWI_LOAD_ONE);
	/* More tasks, yet less loaded, since it has more workers. */
	CHECK(nwi_load_imbalance(&eight, &large, &four, &small, NULL) < 0);
}

TEST(imbalance_weighs_dimensions_and_does_not_overflow)
{
	struct nwi_load all, none = { { 0 } }, capacity;
	uint16_t weights[NWI_LOAD_DIM_COUNT], only_gpu[NWI_LOAD_DIM_COUNT] = { [NWI_LOAD_GPU] = 3 };
	struct nwi_load gpu = { { [NWI_LOAD_CPU] = 9, [NWI_LOAD_GPU] = 5 } };
	nwi_i128 most = (nwi_i128)INT64_MAX * UINT16_MAX * NWI_LOAD_DIM_COUNT;

	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		all.amount[i] = UINT64_MAX;
		capacity.amount[i] = 1;
		weights[i] = UINT16_MAX;
	}
	CHECK(nwi_load_imbalance(&all, &capacity, &none, &capacity, weights) == most);
	CHECK(nwi_load_imbalance(&none, &capacity, &all, &capacity, weights) == -most);
	CHECK(nwi_load_imbalance(&gpu, &capacity, &none, &capacity, only_gpu) == 15 * NWI_LOAD_ONE);
}

TEST(the_octonion_norm_is_exact_where_narrow_arithmetic_wraps)
{
	/* Squares above 181 wrap in Q16.16; the norm squared of this is 100^2 + 512^2 + ... */
	int64_t balanced[NWI_LOAD_DIM_COUNT] = { 100, 512, 50, 1000, 0, 100, 50, 10 };
	int64_t zero[NWI_LOAD_DIM_COUNT] = { 0 }, low[NWI_LOAD_DIM_COUNT], high[NWI_LOAD_DIM_COUNT];
	struct nwi_load_square square = nwi_load_distance_square(balanced, zero);
	nwi_u128 one = (nwi_u128)UINT64_MAX * UINT64_MAX;

	CHECK(square.high == 0 && square.low == 1287244);
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		low[i] = INT64_MIN;
		high[i] = INT64_MAX;
	}
	/* 8 * (2^64 - 1)^2: the low word is that modulo 2^128, and 7 carries went into the high
	 * one. */
	square = nwi_load_distance_square(low, high);
	CHECK(square.high == 7);
	CHECK(square.low == one * 8);
}

TEST(the_octonion_norm_is_the_same_from_both_sides)
{
	int64_t idle[NWI_LOAD_DIM_COUNT] = { 0 }, busy[NWI_LOAD_DIM_COUNT] = { 5, -7 };
	struct nwi_load_square a = nwi_load_distance_square(idle, busy);
	struct nwi_load_square b = nwi_load_distance_square(busy, idle), more = { 1, 0 };

	CHECK_INT(nwi_load_square_compare(a, b), ==, 0);
	CHECK_INT(nwi_load_square_compare(a, more), <, 0);
	CHECK_INT(nwi_load_square_compare(more, a), >, 0);
	b.low++;
	CHECK_INT(nwi_load_square_compare(a, b), <, 0);
	CHECK_INT(nwi_load_square_compare(b, a), >, 0);
}

TEST(a_board_holds_the_sum_of_what_was_published)
{
	static struct nwi_load_board board;
	struct nwi_load none = { { 0 } }, some = { { 3, 0, 7 } }, less = { { 1, 0, 7 } }, got;

	nwi_load_publish(&board, &none, &some);
	nwi_load_publish(&board, &none, &some);
	nwi_load_publish(&board, &some, &less);
	nwi_load_read(&board, &got);
	CHECK_INT(got.amount[0], ==, 4);
	CHECK_INT(got.amount[1], ==, 0);
	CHECK_INT(got.amount[2], ==, 14);
	nwi_load_publish(&board, &some, &none);
	nwi_load_publish(&board, &less, &none);
	nwi_load_read(&board, &got);
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++)
		CHECK_INT(got.amount[i], ==, 0);
}

TEST(a_load_differs_much_by_more_than_a_quarter)
{
	struct nwi_load shown = { { 0 } }, is = { { 0 } };

	CHECK(!nwi_load_differs_much(&shown, &is));
	is.amount[NWI_LOAD_IRQ] = 1; /* something from nothing, and back */
	CHECK(nwi_load_differs_much(&shown, &is) && nwi_load_differs_much(&is, &shown));
	shown.amount[NWI_LOAD_IRQ] = 1;
	for (uint64_t amount = 48; amount <= 80; amount++) {
		shown.amount[NWI_LOAD_CPU] = 64;
		is.amount[NWI_LOAD_CPU] = amount;
		CHECK(!nwi_load_differs_much(&shown, &is));
	}
	is.amount[NWI_LOAD_CPU] = 47;
	CHECK(nwi_load_differs_much(&shown, &is));
	is.amount[NWI_LOAD_CPU] = 81;
	CHECK(nwi_load_differs_much(&shown, &is));
	is.amount[NWI_LOAD_CPU] = UINT64_MAX;
	CHECK(nwi_load_differs_much(&shown, &is) && nwi_load_differs_much(&is, &shown));
}

TEST(a_map_orders_nodes_by_distance_and_classes_are_ordinal)
{
	static const uint32_t workers[4] = { 2, 3, 0, 1 };
	struct machine machine;

	make(&machine, NWI_POLICY_NEAREST, 4, workers, uneven4);
	CHECK_INT(machine.map->worker_count, ==, 6);
	CHECK_INT(machine.map->nearest[0], ==, 2);
	CHECK_INT(machine.map->nearest[1], ==, 1);
	CHECK_INT(machine.map->nearest[2], ==, 3);
	for (uint32_t i = 0; i < 3; i++)
		CHECK_INT(machine.map->nearest_class[i], ==, i + 1);
	/* From node 1, nodes 3 and 0 are as near as each other: ring order, one class; then 2. */
	CHECK_INT(machine.map->nearest[4], ==, 3);
	CHECK_INT(machine.map->nearest[5], ==, 0);
	CHECK_INT(machine.map->nearest[6], ==, 2);
	CHECK_INT(machine.map->nearest_class[4], ==, 1);
	CHECK_INT(machine.map->nearest_class[5], ==, 1);
	CHECK_INT(machine.map->nearest_class[6], ==, 2);
	CHECK_INT(machine.map->capacity[1].amount[NWI_LOAD_CPU], ==, 3);
	drop(&machine);
}

TEST(a_map_finds_the_node_of_every_worker)
{
	static const uint32_t workers[4] = { 0, 3, 0, 1 }, node_of[4] = { 1, 1, 1, 3 };
	struct machine machine;

	make(&machine, NWI_POLICY_NEAREST, 4, workers, flat4);
	for (uint32_t i = 0; i < 4; i++)
		CHECK_INT(nwi_policy_map_node_of(machine.map, i), ==, node_of[i]);
	drop(&machine);
	CHECK_INT(nwi_policy_map_bytes(0), ==, 0);
	CHECK_INT(nwi_policy_map_bytes(1025), ==, 0);
	CHECK_INT(nwi_policy_map_bytes(1024), >, 0);
}

TEST(a_distance_of_zero_counts_as_local)
{
	static const uint32_t workers[2] = { 1, 1 }, broken[4] = { 0, 0, 0, 0 };
	struct machine machine;
	static struct spell spell;

	make(&machine, NWI_POLICY_IMBALANCE, 2, workers, broken);
	use(&machine, 0, 1);
	machine.loads[1].amount[NWI_LOAD_CPU] = 4;
	run_spell(&machine, NWI_SAW_EMPTY, &spell);
	CHECK_INT(machine.map->distance[1], ==, NWI_POLICY_LOCAL_DISTANCE);
	drop(&machine);
}

TEST(policies_have_names_and_back)
{
	enum nwi_policy_kind kind;

	for (uint32_t i = 0; i < NWI_POLICY_COUNT; i++) {
		CHECK(nwi_policy_by_name(nwi_policy_name((enum nwi_policy_kind)i), &kind));
		CHECK_INT(kind, ==, i);
	}
	CHECK(!nwi_policy_name(NWI_POLICY_COUNT));
	CHECK(!nwi_policy_by_name("affinity", &kind));
}

TEST(the_default_looks_at_loads_above_two_nodes)
{
	CHECK_INT(nwi_policy_default_kind(1), ==, NWI_POLICY_NEAREST);
	CHECK_INT(nwi_policy_default_kind(2), ==, NWI_POLICY_NEAREST);
	CHECK_INT(nwi_policy_default_kind(3), ==, NWI_POLICY_IMBALANCE);
}

TEST(a_spell_is_injector_then_rounds_then_afar_then_injectors)
{
	static const uint32_t workers[4] = { 3, 3, 3, 3 };
	struct machine machine;
	static struct spell spell;

	make(&machine, NWI_POLICY_NEAREST, 4, workers, flat4);
	machine.options.local_rounds = 2;
	machine.options.remote_tries = 5;
	use(&machine, 4, nw_test_seed());
	run_spell(&machine, NWI_SAW_EMPTY, &spell);
	CHECK_INT(spell.count, ==, 1 + 2 * 2 + 5 + 3);
	CHECK_INT(spell.moves[0].kind, ==, NWI_MOVE_INJECTOR);
	CHECK_INT(spell.moves[0].node_idx, ==, 1);
	for (uint32_t i = 1; i < 10; i++) {
		bool is_local = i < 5;

		CHECK_INT(spell.moves[i].kind, ==, NWI_MOVE_STEAL);
		CHECK_INT(spell.moves[i].node_idx == 1, ==, is_local);
		CHECK_INT(spell.moves[i].count_max, ==, is_local ? 1 : 4);
		CHECK_INT(spell.moves[i].worker_idx / 3, ==, spell.moves[i].node_idx);
		CHECK_INT(spell.moves[i].worker_idx, !=, 4);
	}
	/* Injectors in ring order, since all are as near. */
	for (uint32_t i = 10; i < 13; i++) {
		CHECK_INT(spell.moves[i].kind, ==, NWI_MOVE_INJECTOR);
		CHECK_INT(spell.moves[i].node_idx, ==, (i - 10 + 2) % 4);
	}
	drop(&machine);
}

TEST(a_round_tries_each_neighbour_once)
{
	static const uint32_t workers[1] = { 6 }, one[1] = { 10 };
	struct machine machine;
	static struct spell spell;

	make(&machine, NWI_POLICY_NEAREST, 1, workers, one);
	machine.options.local_rounds = 3;
	use(&machine, 2, nw_test_seed());
	run_spell(&machine, NWI_SAW_EMPTY, &spell);
	CHECK_INT(spell.count, ==, 1 + 3 * 5);
	for (uint32_t round = 0; round < 3; round++) {
		uint32_t met = 0;

		for (uint32_t i = 0; i < 5; i++)
			met |= 1u << spell.moves[1 + round * 5 + i].worker_idx;
		CHECK_INT(met, ==, 0x3f & ~(1u << 2));
	}
	drop(&machine);
}

TEST(a_round_that_lost_a_race_is_not_an_empty_one)
{
	static const uint32_t workers[2] = { 3, 3 };
	struct machine machine;
	static struct spell spell;

	make(&machine, NWI_POLICY_NEAREST, 2, workers, two_apart);
	machine.options.local_rounds = 2;
	machine.options.remote_tries = 1;
	use(&machine, 0, 1);
	/* Every try loses: as many rounds again, and then it goes on all the same. */
	run_spell(&machine, NWI_SAW_LOST, &spell);
	CHECK_INT(spell.count, ==, 1 + 2 * 2 * 2 + 1 + 1);
	run_spell(&machine, NWI_SAW_REFUSED, &spell);
	CHECK_INT(spell.count, ==, 1 + 2 * 2 + 1 + 1);
	drop(&machine);
}

TEST(nothing_leaves_the_node_without_remote_tries)
{
	static const uint32_t workers[2] = { 2, 2 };
	struct machine machine;
	static struct spell spell;

	for (uint32_t kind = 0; kind < NWI_POLICY_COUNT; kind++) {
		make(&machine, (enum nwi_policy_kind)kind, 2, workers, two_apart);
		machine.options.remote_tries = 0;
		use(&machine, 3, nw_test_seed());
		run_spell(&machine, NWI_SAW_EMPTY, &spell);
		CHECK_INT(spell.count, ==, 1 + 2);
		for (uint32_t i = 0; i < spell.count; i++)
			CHECK_INT(spell.moves[i].node_idx, ==, 1);
		drop(&machine);
	}
}

TEST(a_lone_worker_sleeps_after_its_injector)
{
	static const uint32_t workers[1] = { 1 }, one[1] = { 10 };
	struct machine machine;
	static struct spell spell;

	for (uint32_t kind = 0; kind < NWI_POLICY_COUNT; kind++) {
		make(&machine, (enum nwi_policy_kind)kind, 1, workers, one);
		use(&machine, 0, 1);
		run_spell(&machine, NWI_SAW_EMPTY, &spell);
		CHECK_INT(spell.count, ==, 1);
		CHECK_INT(spell.moves[0].kind, ==, NWI_MOVE_INJECTOR);
		drop(&machine);
	}
}

TEST(a_sleeper_stays_asleep_until_a_new_spell)
{
	static const uint32_t workers[2] = { 1, 1 };
	struct machine machine;
	struct nwi_move move;

	make(&machine, NWI_POLICY_NEAREST, 2, workers, two_apart);
	use(&machine, 0, 1);
	nwi_policy_step(&machine.policy, NWI_SAW_EMPTY, NULL, &move);
	CHECK_INT(move.kind, ==, NWI_MOVE_SLEEP);
	nwi_policy_step(&machine.policy, NWI_SAW_EMPTY, NULL, &move);
	CHECK_INT(move.kind, ==, NWI_MOVE_SLEEP);
	nwi_policy_step(&machine.policy, NWI_SAW_GOT, NULL, &move);
	CHECK_INT(move.kind, ==, NWI_MOVE_INJECTOR);
	drop(&machine);
}

TEST(random_tries_all_others_alike)
{
	static const uint32_t workers[2] = { 2, 6 };
	struct machine machine;
	static struct spell spell;
	uint32_t tried[8] = { 0 }, sum = 0;

	make(&machine, NWI_POLICY_RANDOM, 2, workers, two_apart);
	use(&machine, 0, nw_test_seed());
	for (uint32_t i = 0; i < 2000; i++) {
		run_spell(&machine, NWI_SAW_EMPTY, &spell);
		for (uint32_t j = 1; j + 1 < spell.count; j++)
			tried[spell.moves[j].worker_idx]++;
	}
	CHECK_INT(tried[0], ==, 0);
	for (uint32_t i = 1; i < 8; i++)
		sum += tried[i];
	for (uint32_t i = 1; i < 8; i++) {
		CHECK_INT(tried[i] * 7, >, sum * 9 / 10);
		CHECK_INT(tried[i] * 7, <, sum * 11 / 10);
	}
	drop(&machine);
}

TEST(nearest_draws_a_class_by_its_number_not_its_distance)
{
	/* Classes 1, 2, 3 with 5, 1, 3 workers: 36 : 9 : 4 of 49, the worker count does not matter.
	 */
	static const uint32_t workers[4] = { 1, 1, 5, 3 };
	static const uint32_t expected[4] = { 0, 9, 36, 4 };
	struct machine machine;
	uint32_t by_node[NODES_MAX], spells = 4000;
	uint64_t sum;

	make(&machine, NWI_POLICY_NEAREST, 4, workers, uneven4);
	use(&machine, 0, nw_test_seed());
	draw_remote(&machine, spells, by_node);
	sum = (uint64_t)spells * machine.options.remote_tries;
	for (uint32_t i = 1; i < 4; i++) {
		CHECK_INT(by_node[i] * 49u, >, sum * expected[i] * 9 / 10);
		CHECK_INT(by_node[i] * 49u, <, sum * expected[i] * 11 / 10);
	}
	drop(&machine);
}

TEST(nearest_passes_over_nodes_without_workers)
{
	static const uint32_t workers[4] = { 2, 1, 0, 1 };
	struct machine machine;
	uint32_t by_node[NODES_MAX];

	make(&machine, NWI_POLICY_NEAREST, 4, workers, uneven4);
	use(&machine, 0, nw_test_seed());
	draw_remote(&machine, 1000, by_node);
	CHECK_INT(by_node[2], ==, 0);
	/* Classes 2 and 3 are left: 1/4 to 1/9. */
	CHECK_INT(by_node[1] * 13, >, 8000 * 9 * 9 / 10);
	CHECK_INT(by_node[3] * 13, >, 8000 * 4 * 9 / 10);
	drop(&machine);
}

TEST(loads_are_asked_for_once_a_spell_and_only_where_they_are_read)
{
	static const uint32_t workers[2] = { 2, 2 };
	struct machine machine;
	static struct spell spell;

	for (uint32_t kind = 0; kind < NWI_POLICY_COUNT; kind++) {
		uint32_t looks = 0;

		make(&machine, (enum nwi_policy_kind)kind, 2, workers, two_apart);
		use(&machine, 0, nw_test_seed());
		run_spell(&machine, NWI_SAW_EMPTY, &spell);
		for (uint32_t i = 0; i < spell.count; i++)
			looks += spell.moves[i].kind == NWI_MOVE_LOOK;
		CHECK_INT(looks, ==, nwi_policy_reads_loads((enum nwi_policy_kind)kind));
		drop(&machine);
	}
}

TEST(imbalance_never_goes_to_one_who_has_less)
{
	static const uint32_t workers[4] = { 2, 2, 2, 2 };
	struct machine machine;
	uint32_t by_node[NODES_MAX];

	make(&machine, NWI_POLICY_IMBALANCE, 4, workers, flat4);
	use(&machine, 0, nw_test_seed());
	/* Node 1 has 10 more than we, node 3 has 30 more, node 2 has less. */
	machine.loads[0].amount[NWI_LOAD_CPU] = 10;
	machine.loads[1].amount[NWI_LOAD_CPU] = 20;
	machine.loads[3].amount[NWI_LOAD_CPU] = 40;
	draw_remote(&machine, 2000, by_node);
	CHECK_INT(by_node[2], ==, 0);
	CHECK_INT(by_node[1] + by_node[3], ==, 16000);
	CHECK_INT(by_node[3], >, 3 * by_node[1] * 9 / 10);
	CHECK_INT(by_node[3], <, 3 * by_node[1] * 11 / 10);
	drop(&machine);
}

TEST(imbalance_weighs_by_distance)
{
	static const uint32_t workers[4] = { 2, 2, 2, 2 };
	struct machine machine;
	uint32_t by_node[NODES_MAX];

	make(&machine, NWI_POLICY_IMBALANCE, 4, workers, uneven4);
	use(&machine, 0, nw_test_seed());
	for (uint32_t i = 1; i < 4; i++)
		machine.loads[i].amount[NWI_LOAD_CPU] = 100;
	draw_remote(&machine, 4000, by_node);
	/* At distances 21, 12 and 255. */
	CHECK_INT(by_node[2] * 12, >, by_node[1] * 21 * 9 / 10);
	CHECK_INT(by_node[2] * 12, <, by_node[1] * 21 * 11 / 10);
	CHECK_INT(by_node[3], >, 0);
	CHECK_INT(by_node[3] * 20, <, by_node[2] * 2);
	drop(&machine);
}

TEST(imbalance_with_nobody_above_goes_to_the_injectors)
{
	static const uint32_t workers[2] = { 2, 2 };
	struct machine machine;
	static struct spell spell;

	make(&machine, NWI_POLICY_IMBALANCE, 2, workers, two_apart);
	use(&machine, 0, 1);
	run_spell(&machine, NWI_SAW_EMPTY, &spell);
	/* Injector, two rounds of one neighbour, look, the other injector. */
	CHECK_INT(spell.count, ==, 5);
	CHECK_INT(spell.moves[4].kind, ==, NWI_MOVE_INJECTOR);
	CHECK_INT(spell.moves[4].node_idx, ==, 1);
	drop(&machine);
}

TEST(imbalance_stands_the_largest_loads)
{
	static const uint32_t workers[4] = { 1, 1, 1, 1 };
	struct machine machine;
	uint32_t by_node[NODES_MAX];

	make(&machine, NWI_POLICY_IMBALANCE, 4, workers, flat4);
	for (uint32_t i = 0; i < NWI_LOAD_DIM_COUNT; i++) {
		machine.options.weights[i] = UINT16_MAX;
		for (uint32_t node = 1; node < 4; node++)
			machine.loads[node].amount[i] = UINT64_MAX;
	}
	use(&machine, 0, nw_test_seed());
	draw_remote(&machine, 1000, by_node);
	for (uint32_t node = 1; node < 4; node++)
		CHECK_INT(by_node[node], >, 8000 / 3 * 8 / 10);
	drop(&machine);
}

TEST(octonion_cannot_tell_idle_from_overloaded)
{
	static const uint32_t workers[4] = { 2, 2, 2, 2 };
	struct machine machine;
	uint32_t by_node[NODES_MAX];

	make(&machine, NWI_POLICY_OCTONION, 4, workers, flat4);
	use(&machine, 0, nw_test_seed());
	/* We have 50; node 1 has 100 and node 2 none: equally far. Node 3 is like us. */
	machine.loads[0].amount[NWI_LOAD_CPU] = 50;
	machine.loads[1].amount[NWI_LOAD_CPU] = 100;
	machine.loads[3].amount[NWI_LOAD_CPU] = 50;
	draw_remote(&machine, 1000, by_node);
	CHECK_INT(by_node[3], ==, 0);
	CHECK_INT(by_node[1], >, 3500);
	CHECK_INT(by_node[2], >, 3500);
	/* One unit further down, the idle one draws all of it. */
	machine.loads[0].amount[NWI_LOAD_CPU] = 51;
	draw_remote(&machine, 100, by_node);
	CHECK_INT(by_node[2], ==, 800);
	drop(&machine);
}

TEST(octonion_goes_nowhere_when_all_are_alike)
{
	static const uint32_t workers[2] = { 1, 1 };
	struct machine machine;
	uint32_t by_node[NODES_MAX];

	make(&machine, NWI_POLICY_OCTONION, 2, workers, two_apart);
	use(&machine, 0, 1);
	draw_remote(&machine, 10, by_node);
	CHECK_INT(by_node[1], ==, 0);
	drop(&machine);
}

TEST(the_same_seed_gives_the_same_moves)
{
	static const uint32_t workers[4] = { 5, 4, 3, 7 };
	struct machine machine;
	static struct spell first, second;

	for (uint32_t kind = 0; kind < NWI_POLICY_COUNT; kind++) {
		make(&machine, (enum nwi_policy_kind)kind, 4, workers, uneven4);
		machine.loads[2].amount[NWI_LOAD_CPU] = 9;
		use(&machine, 3, 42);
		run_spell(&machine, NWI_SAW_EMPTY, &first);
		use(&machine, 3, 42);
		run_spell(&machine, NWI_SAW_EMPTY, &second);
		CHECK_INT(first.count, ==, second.count);
		CHECK(memcmp(first.moves, second.moves, first.count * sizeof(*first.moves)) == 0);
		drop(&machine);
	}
}

static void make_any(struct machine *machine, struct nwi_prng *prng)
{
	uint32_t workers[4];

	for (uint32_t node = 0; node < 4; node++)
		workers[node] = nwi_prng_below(prng, 4) + (node == 1);
	make(machine, (enum nwi_policy_kind)nwi_prng_below(prng, NWI_POLICY_COUNT), 4, workers,
	     nwi_prng_below(prng, 2) ? flat4 : uneven4);
	machine->options.local_rounds = 1 + nwi_prng_below(prng, 3);
	machine->options.round_tries_max = 1 + nwi_prng_below(prng, 4);
	machine->options.remote_tries = nwi_prng_below(prng, 5);
	for (uint32_t node = 0; node < 4; node++)
		machine->loads[node].amount[NWI_LOAD_CPU] = nwi_prng_below(prng, 5);
	use(machine, nwi_prng_below(prng, machine->map->worker_count), nwi_prng_next(prng));
}

static enum nwi_saw any_answer(const struct machine *machine, const struct nwi_move *move,
			       struct nwi_prng *prng)
{
	static const enum nwi_saw answers[] = { NWI_SAW_EMPTY, NWI_SAW_LOST, NWI_SAW_REFUSED };

	if (move->kind == NWI_MOVE_LOOK)
		return NWI_SAW_LOADS;
	if (move->kind == NWI_MOVE_STEAL) {
		CHECK_INT(move->worker_idx, !=, machine->policy.worker_idx);
		CHECK_INT(nwi_policy_map_node_of(machine->map, move->worker_idx), ==,
			  move->node_idx);
	}
	return answers[nwi_prng_below(prng, 3)];
}

TEST(no_spell_is_longer_than_it_says_whatever_is_seen)
{
	struct nwi_prng prng;
	struct machine machine;
	struct nwi_move move;

	nwi_prng_init(&prng, nw_test_seed());
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t steps = 0;

		make_any(&machine, &prng);
		nwi_policy_step(&machine.policy, NWI_SAW_START, machine.loads, &move);
		for (; move.kind != NWI_MOVE_SLEEP; steps++)
			nwi_policy_step(&machine.policy, any_answer(&machine, &move, &prng),
					machine.loads, &move);
		CHECK_INT(steps, <, nwi_policy_spell_max(&machine.policy));
		drop(&machine);
	}
}

TEST(a_threshold_without_tries_stays)
{
	struct nwi_threshold threshold;

	nwi_threshold_init(&threshold, 1, 4, 64, 1);
	for (uint32_t i = 0; i < 100; i++)
		CHECK(!nwi_threshold_step(&threshold, 0, 0));
	/* Successes without tries: two counters read at different times. */
	CHECK(!nwi_threshold_step(&threshold, 0, 5));
	CHECK_INT(threshold.value, ==, 4);
}

TEST(failures_raise_the_threshold_up_to_its_bound)
{
	static const uint32_t expected[] = { 3, 6, 12, 24, 48, 50, 50, 50 };
	struct nwi_threshold threshold;

	nwi_threshold_init(&threshold, 1, 3, 50, 10);
	for (uint32_t i = 0; i < 8; i++) {
		(void)nwi_threshold_step(&threshold, (i + 1) * 10, 0);
		CHECK_INT(threshold.value, ==, expected[i]);
	}
}

TEST(successes_lower_the_threshold_down_to_its_bound)
{
	static const uint32_t expected[] = { 50, 25, 12, 6, 3, 3 };
	struct nwi_threshold threshold;

	nwi_threshold_init(&threshold, 3, 50, 50, 10);
	for (uint32_t i = 0; i < 6; i++) {
		(void)nwi_threshold_step(&threshold, (i + 1) * 10, (i + 1) * 10);
		CHECK_INT(threshold.value, ==, expected[i]);
	}
}

TEST(one_window_alone_moves_no_threshold)
{
	struct nwi_threshold threshold;
	uint32_t tries = 0, successes = 0;

	nwi_threshold_init(&threshold, 1, 8, 64, 4);
	for (uint32_t i = 0; i < 50; i++) {
		/* All, none, all, none: never two that agree. */
		successes += i % 2 ? 0 : 4;
		CHECK(!nwi_threshold_step(&threshold, tries += 4, successes));
	}
	/* A half: inside the band, and it breaks the run too. */
	CHECK(!nwi_threshold_step(&threshold, tries += 4, successes += 2));
	CHECK(!nwi_threshold_step(&threshold, tries += 4, successes));
	CHECK(nwi_threshold_step(&threshold, tries + 4, successes));
	CHECK_INT(threshold.value, ==, 16);
}

TEST(the_band_of_the_threshold_has_exact_edges)
{
	/* Of 100: 25 and 75 are inside, 24 and 76 are not. */
	static const struct {
		uint32_t successes, value;
	} cases[] = { { 24, 16 }, { 25, 8 }, { 75, 8 }, { 76, 4 } };
	struct nwi_threshold threshold;

	for (uint32_t i = 0; i < 4; i++) {
		nwi_threshold_init(&threshold, 1, 8, 64, 100);
		(void)nwi_threshold_step(&threshold, 100, cases[i].successes);
		(void)nwi_threshold_step(&threshold, 200, 2 * cases[i].successes);
		CHECK_INT(threshold.value, ==, cases[i].value);
	}
}

TEST(a_window_is_not_cut_short)
{
	struct nwi_threshold threshold;

	nwi_threshold_init(&threshold, 1, 8, 64, 10);
	for (uint32_t tries = 1; tries < 20; tries++)
		CHECK(!nwi_threshold_step(&threshold, tries, 0));
	CHECK(nwi_threshold_step(&threshold, 20, 0));
}

TEST(counts_may_wrap)
{
	struct nwi_threshold threshold;
	uint32_t tries = UINT32_MAX - 5, successes = UINT32_MAX - 5;

	nwi_threshold_init(&threshold, 1, 8, 64, 10);
	(void)nwi_threshold_step(&threshold, tries, successes);
	threshold.lean = 0;
	(void)nwi_threshold_step(&threshold, tries += 10, successes);
	CHECK_INT(tries, <, 10);
	(void)nwi_threshold_step(&threshold, tries += 10, successes);
	CHECK_INT(threshold.value, ==, 16);
	/* And the successes over their own wrap. */
	(void)nwi_threshold_step(&threshold, tries += 10, successes += 10);
	(void)nwi_threshold_step(&threshold, tries + 10, successes + 10);
	CHECK_INT(threshold.value, ==, 8);
}

TEST(the_largest_threshold_does_not_wrap)
{
	struct nwi_threshold threshold;

	nwi_threshold_init(&threshold, 1, UINT32_MAX - 1, UINT32_MAX, 1);
	(void)nwi_threshold_step(&threshold, 1, 0);
	(void)nwi_threshold_step(&threshold, 2, 0);
	CHECK_INT(threshold.value, ==, UINT32_MAX);
	/* The whole window of 2^32 - 1 tries, all successful. */
	nwi_threshold_init(&threshold, 1, 2, 2, UINT32_MAX);
	(void)nwi_threshold_step(&threshold, UINT32_MAX, UINT32_MAX);
	(void)nwi_threshold_step(&threshold, UINT32_MAX - 1, UINT32_MAX - 1);
	CHECK_INT(threshold.value, ==, 1);
}

static struct nwi_migration worthy(void)
{
	return (struct nwi_migration){
		.queue_from = 10,
		.queue_to = 2,
		.bytes = 1000,
		.wait_saved_ns = 201,
		.distance = 20,
		.price_ps = NWI_MIGRATION_PRICE_PS,
		.priority = 1,
	};
}

TEST(only_hints_and_data_worth_it_are_judged)
{
	CHECK(!nwi_migration_is_judged(false, 0));
	CHECK(!nwi_migration_is_judged(false, NWI_MIGRATION_BYTES_MIN - 1));
	CHECK(nwi_migration_is_judged(false, NWI_MIGRATION_BYTES_MIN));
	CHECK(nwi_migration_is_judged(true, 0));
}

TEST(a_migration_needs_more_than_the_threshold)
{
	struct nwi_migration migration = worthy();

	CHECK_INT(nwi_migration_judge(&migration, 7), ==, NWI_MIGRATE);
	CHECK_INT(nwi_migration_judge(&migration, 8), ==, NWI_REFUSED_DIFFERENCE);
	migration.queue_from = 2;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_DIFFERENCE);
	/* The difference has a sign: a longer queue there is no reason to go. */
	migration.queue_to = UINT64_MAX;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_DIFFERENCE);
	migration.queue_from = UINT64_MAX;
	migration.queue_to = 0;
	CHECK_INT(nwi_migration_judge(&migration, UINT32_MAX), ==, NWI_MIGRATE);
}

TEST(a_migration_costs_less_than_it_gains_or_is_refused)
{
	struct nwi_migration migration = worthy();

	/* 1000 bytes at 200 ps: 200 ns. */
	migration.wait_saved_ns = 200;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_COST);
	migration.priority = 2;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_MIGRATE);
	migration.priority = 0;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_COST);
	migration.bytes = 0;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_COST);
	migration.priority = 1;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_MIGRATE);
}

TEST(a_migration_is_judged_exactly_at_the_largest_numbers)
{
	struct nwi_migration migration = worthy();

	migration.bytes = UINT64_MAX;
	migration.distance = UINT32_MAX;
	migration.price_ps = UINT32_MAX;
	migration.wait_saved_ns = UINT64_MAX;
	migration.priority = UINT32_MAX;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_COST);
	/* 1000 * (2^64 - 1) * (2^32 - 1) on both sides: equal, so refused; one less, so worth it.
	 */
	migration.price_ps = 1000;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_REFUSED_COST);
	migration.bytes = UINT64_MAX - 1;
	CHECK_INT(nwi_migration_judge(&migration, 0), ==, NWI_MIGRATE);
}

TEST(wait_saved_is_the_difference_of_the_queues_by_their_workers)
{
	CHECK_INT(nwi_migration_wait_saved_ns(10, 2, 4, 2, 100), ==, 300);
	CHECK_INT(nwi_migration_wait_saved_ns(10, 2, 0, 4, 100), ==, 500);
	CHECK_INT(nwi_migration_wait_saved_ns(4, 2, 10, 2, 100), ==, 0);
	CHECK_INT(nwi_migration_wait_saved_ns(4, 2, 8, 4, 100), ==, 0);
	/* 3/7 - 1/5 = 8/35 of 1000. */
	CHECK_INT(nwi_migration_wait_saved_ns(3, 7, 1, 5, 1000), ==, 228);
}

TEST(wait_saved_is_capped_and_divides_by_no_zero)
{
	CHECK_INT(nwi_migration_wait_saved_ns(9, 1, 0, 0, 100), ==, 0);
	CHECK(nwi_migration_wait_saved_ns(9, 0, 0, 1, 100) == UINT64_MAX);
	CHECK_INT(nwi_migration_wait_saved_ns(9, 0, 0, 0, 100), ==, 0);
	CHECK(nwi_migration_wait_saved_ns(UINT64_MAX, 1, 0, UINT32_MAX, UINT64_MAX) == UINT64_MAX);
	CHECK(nwi_migration_wait_saved_ns(UINT64_MAX, 1, 0, 1, 1) == UINT64_MAX);
	CHECK(nwi_migration_wait_saved_ns(1, UINT32_MAX, 0, UINT32_MAX, UINT64_MAX) ==
	      UINT64_MAX / UINT32_MAX);
}
