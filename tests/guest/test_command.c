/* SPDX-License-Identifier: MIT */
/* The command `nodewise` in the guest, whose shape is known: what it says of the machine must be
 * what the machine was made of. Elsewhere every case is skipped. */
#include "nw_test.h"

#include <jansson.h>

struct shape {
	const char *name;
	size_t node_count, node_cpu_count, side_count; /* side: nodes 12 away from each other */
	int no_memory, no_cpus;                        /* node ids, -1: none */
};

static const struct shape shapes[] = {
	{ "six", 6, 2, 3, -1, -1 },
	{ "odd", 4, 4, 2, 1, 3 },
};

static const struct shape *guest_shape(void)
{
	const char *name = getenv("NW_GUEST_SHAPE");

	if (!name) {
		SKIP("not in the guest of tests/guest/run-guest");
		return NULL;
	}
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		if (strcmp(shapes[i].name, name) == 0)
			return &shapes[i];
	}
	FAIL("no shape %s", name);
	return NULL;
}

/* What a command that exits with 0 prints: one JSON object. */
static json_t *json_of(const char *command)
{
	FILE *out = popen(command, "r");
	json_error_t error;
	json_t *json;

	CHECK(out);
	json = json_loadf(out, JSON_DISABLE_EOF_CHECK, &error);
	if (!json)
		FAIL("%s: %s", command, error.text);
	while (fgetc(out) != EOF)
		;
	CHECK_INT(pclose(out), ==, 0);
	return json;
}

static json_int_t number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		FAIL("no number %s", key);
	return json_integer_value(value);
}

static const char *text(const json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	if (!value)
		FAIL("no text %s", key);
	return value;
}

TEST(topo_shows_the_nodes_the_guest_was_made_of)
{
	const struct shape *shape = guest_shape();
	json_t *json = json_of("nodewise topo --json");
	json_t *nodes = json_object_get(json, "nodes");
	int first_cpu = 0;

	CHECK_STR(text(json, "kind"), "machine");
	CHECK(json_is_false(json_object_get(json, "simulated")));
	CHECK_INT(json_array_size(nodes), ==, shape->node_count);
	for (size_t i = 0; i < shape->node_count; i++) {
		json_t *node = json_array_get(nodes, i);
		json_t *cpus = json_object_get(node, "cpus");
		size_t cpu_count = (int)i == shape->no_cpus ? 0 : shape->node_cpu_count;

		CHECK_INT(number(node, "id"), ==, i);
		CHECK_INT(number(node, "memory_bytes") > 0, ==, (int)i != shape->no_memory);
		CHECK_INT(json_array_size(cpus), ==, cpu_count);
		for (size_t c = 0; c < cpu_count; c++)
			CHECK_INT(json_integer_value(json_array_get(cpus, c)), ==, first_cpu++);
	}
	json_decref(json);
}

TEST(topo_shows_the_distances_the_guest_was_given)
{
	const struct shape *shape = guest_shape();
	json_t *json = json_of("nodewise topo --json");
	json_t *rows = json_object_get(json, "distances");

	CHECK_INT(json_array_size(rows), ==, shape->node_count);
	for (size_t from = 0; from < shape->node_count; from++) {
		json_t *row = json_array_get(rows, from);

		CHECK_INT(json_array_size(row), ==, shape->node_count);
		for (size_t to = 0; to < shape->node_count; to++) {
			bool same_side = (from < shape->side_count) == (to < shape->side_count);
			int expected = from == to ? 10 : same_side ? 12 : 32;

			CHECK_INT(json_integer_value(json_array_get(row, to)), ==, expected);
		}
	}
	json_decref(json);
}

TEST(verify_gets_all_that_was_promised)
{
	const struct shape *shape = guest_shape();
	json_t *json = json_of("nodewise verify --quick --json");
	json_t *checks = json_object_get(json, "checks");
	size_t bound_count = 0, skipped_count = 0;

	CHECK(json_is_true(json_object_get(json, "ok")));
	CHECK(json_is_false(json_object_get(json, "simulated")));
	for (size_t i = 0; i < json_array_size(checks); i++) {
		json_t *check = json_array_get(checks, i);
		const char *verdict = text(check, "verdict");

		if (strcmp(text(check, "check"), "bind") != 0)
			continue;
		bound_count += strcmp(verdict, "ok") == 0;
		skipped_count += strcmp(verdict, "skipped") == 0;
	}
	CHECK_INT(skipped_count, ==, shape->no_memory >= 0);
	CHECK_INT(bound_count + skipped_count, ==, shape->node_count);
	json_decref(json);
}

static void check_slide(const char *command, json_int_t worker_count)
{
	const struct shape *shape = guest_shape();
	json_t *json = json_of(command);
	json_t *nodes = json_object_get(json, "per_node");
	json_int_t distinct = 0;

	CHECK_STR(text(json, "result"), "ok");
	CHECK_INT(number(json, "distinct"), ==, 181440);
	CHECK_INT(number(json, "generated"), ==, 483841);
	CHECK_INT(number(json, "depth"), ==, 32);
	CHECK_INT(number(json, "workers"), ==, worker_count);
	CHECK_INT(number(json, "unbound"), ==, 0);
	CHECK_INT(number(json, "unpinned"), ==, 0);
	CHECK_INT(json_array_size(nodes), ==, shape->node_count - (shape->no_cpus >= 0));
	for (size_t i = 0; i < json_array_size(nodes); i++) {
		json_t *node = json_array_get(nodes, i);
		bool is_home = number(node, "node") != shape->no_memory;

		CHECK_INT(number(node, "checks"), >, 0);
		CHECK_INT(number(node, "local_checks"), ==, is_home ? number(node, "checks") : 0);
		distinct += number(node, "distinct");
	}
	CHECK_INT(distinct, ==, 181440);
	if (shape->no_memory < 0)
		CHECK_INT(number(json, "local_checks"), ==, number(json, "checks"));
	json_decref(json);
}

TEST(check_in_batches_counts_exactly_and_at_home)
{
	check_slide("nodewise check --model slide --size 3x3 --route batch --workers 6 --json", 6);
}

TEST(check_with_fingerprints_first_counts_exactly_and_at_home)
{
	check_slide("nodewise check --model slide --size 3x3 --route fp-first --workers 6 --json",
		    6);
}

TEST(check_with_a_worker_on_every_cpu_counts_exactly)
{
	json_t *json;

	(void)guest_shape();
	json = json_of("nodewise check --model grid --size 12x12 --json");
	CHECK_STR(text(json, "result"), "ok");
	CHECK_INT(number(json, "distinct"), ==, 13 * 13);
	CHECK_INT(number(json, "workers"), ==, 12);
	CHECK_INT(number(json, "unpinned"), ==, 0);
	json_decref(json);
}

/* A search that would go on for hours is looked at, and ended. */
TEST(top_sees_each_worker_at_its_cpu_and_all_memory_at_home)
{
	const struct shape *shape = guest_shape();
	json_t *json = json_of(
		"nodewise check --model grid --size 30000x30000 --quiet >/dev/null 2>&1 & pid=$!; "
		"n=0; until [ -e /run/nodewise/check-$pid.nwstats ] || [ $n = 60 ]; "
		"do sleep 1; n=$((n + 1)); done; sleep 2; "
		"nodewise top --json --delay 0 $pid; code=$?; kill $pid; wait; exit $code");
	json_t *program = json_array_get(json_object_get(json, "programs"), 0);
	json_t *memory = json_object_get(program, "memory");
	json_t *workers = json_object_get(json_object_get(program, "tables"), "workers");
	json_t *checks = json_object_get(json_object_get(program, "locality"), "checks");

	CHECK_STR(text(program, "program"), "check");
	CHECK_INT(json_array_size(json_object_get(json, "machine")), ==, shape->node_count);
	CHECK_INT(json_array_size(workers), ==, 12);
	for (size_t i = 0; i < json_array_size(workers); i++) {
		json_t *worker = json_array_get(workers, i);

		CHECK_INT(number(worker, "node"), ==,
			  number(worker, "cpu") / (json_int_t)shape->node_cpu_count);
	}
	CHECK(json_is_true(json_object_get(memory, "is_good")));
	CHECK_INT(number(memory, "misplaced_bytes"), ==, 0);
	CHECK_INT(number(memory, "bound_bytes"), >, 12 << 20);
	if (shape->no_memory < 0)
		CHECK_INT(number(checks, "remote"), ==, 0);
	json_decref(json);
}
