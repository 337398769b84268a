/* SPDX-License-Identifier: MIT */
/*
 * --continue: the violations that the search went on after, one after the other, each with its
 * trace, as TLC tells them.
 *
 * Invariant: what tells of the one fault that ends a search tells of each of these, too: it asks
 * for the trace with check_steps(), which gives that of check->told.
 */
#include "check/spec.h"

#include <errno.h>
#include <inttypes.h>

/* A run whose trace is that of one violation. */
struct check check_told(const struct check *check, const struct nw_explore_violation *violation)
{
	if (check->spec)
		check->spec->retraced = NULL; /* the steps of all lie in the same place */
	return (struct check){ .options = check->options,
			       .model = check->model,
			       .spec = check->spec,
			       .say = check->say,
			       .topo = check->topo,
			       .explore = check->explore,
			       .walk = check->walk,
			       .told = violation };
}

/* False: there are no more, or the next one cannot be shown, which is told. */
static bool next(const struct check *check, uint64_t i, struct nw_explore_violation *ret_violation)
{
	int r = nw_explore_violation_at(check->explore, i, ret_violation);

	if (r < 0 && r != -ENODATA)
		(void)app_failed(CHECK_NAME, "violation %" PRIu64 " has no trace: %s", i + 1,
				 check_no_trace(r));
	return r == 0;
}

static bool is_initial(const struct check *check, const struct nw_explore_violation *violation)
{
	return violation->step_count == 1 && !check->options->explore.no_trace;
}

static void say_one(const struct check *one, const char *name)
{
	static struct check_result result; /* large */

	check_result_of_violation(one->spec, one, name, &result);
	check_say_verdict(one, &result);
	if (!is_initial(one, one->told))
		check_trace_say(one->spec, one);
}

/* As TLC: of an initial state all invariants that it violates, of others the first. */
static void say_of_initial(const struct check *one)
{
	const struct tla_formulas *list = &one->spec->model->invariants;
	const tla_value *state = (const tla_value *)(const void *)one->told->steps[0].state;

	for (uint32_t i = 0; i < list->count; i++) {
		one->spec->runner->eval.level = 1;
		if (tla_run_state(one->spec->runner, &list->at[i], state) == TLA_FAILS)
			say_one(one, check_name(one->spec, list->at[i].name));
	}
}

void check_violations_say(const struct check *check)
{
	struct nw_explore_violation violation;

	for (uint64_t i = 0; next(check, i, &violation); i++) {
		struct check one = check_told(check, &violation);

		if (is_initial(check, &violation))
			say_of_initial(&one);
		else
			say_one(&one, violation.name);
	}
}

static void print_of_walk(const struct check *one, uint64_t walk_idx)
{
	printf("violation in walk %" PRIu64 ": the invariant %s does not hold\n", walk_idx,
	       one->told->name);
	(void)check_print_trace(one); /* says why, where it cannot */
	putchar('\n');
}

static int code_of(const struct check *one, const char *name)
{
	static struct check_result result; /* large */

	if (!one->spec)
		return CHECK_VIOLATION;
	check_result_of_violation(one->spec, one, name, &result);
	return result.code;
}

/* As it comes: walks may have no end. */
void check_violation_of_walk(struct check *check, uint64_t walk_idx,
			     const struct nw_explore_violation *violation)
{
	struct check one = check_told(check, violation);
	struct check_told_walks *walks = &check->walks;

	if (walks->first_code == 0 || walk_idx < walks->first_idx) {
		walks->first_code = code_of(&one, violation->name);
		walks->first_idx = walk_idx;
	}
	if (check->options->is_json) {
		if (!walks->list)
			walks->list = json_array();
		(void)json_array_append_new(walks->list, check_violation_json(check, violation));
	} else if (check->spec) {
		say_one(&one, violation->name);
	} else {
		print_of_walk(&one, walk_idx);
	}
	if (check->spec)
		tla_runner_cut(check->spec->runner);
}

int check_violations_code(const struct check *check, const struct nw_explore_report *report)
{
	static struct check_result result; /* large */
	struct nw_explore_violation violation;
	struct check one;

	if (report->violation_count == 0 || check->options->forgives_violations)
		return APP_OK;
	if (check->walk)
		return check->walks.first_code;
	if (!check->spec || !next(check, 0, &violation))
		return CHECK_VIOLATION;
	one = check_told(check, &violation);
	check_result_of_violation(check->spec, &one, violation.name, &result);
	return result.code;
}

int check_violations_print(const struct check *check)
{
	struct nw_explore_violation violation;
	int code = APP_OK;

	for (uint64_t i = 0; code == APP_OK && next(check, i, &violation); i++) {
		struct check one = check_told(check, &violation);

		printf("\nviolation %" PRIu64 ": the invariant %s does not hold\n", i + 1,
		       violation.name);
		code = check_print_trace(&one);
	}
	return code;
}
