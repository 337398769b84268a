/* SPDX-License-Identifier: MIT */
/*
 * Which variables an expression reads, through all definitions that it uses.
 *
 * Arguments count where they are given, so that a definition's body is looked at once, whoever
 * uses it. A name of an action stands for the text that its frame holds.
 *
 * Invariant: a definition's reads are kept only if no definition around it was met inside.
 */
#include "plan_reads.h"

#include "../eval/memo.h"
#include "../eval/nodes.h"
#include "../eval/world.h"

#include <string.h>

enum { BUDGET = 1 << 22, NESTING_MAX = 2000 };

/* Reads of a definition that is known. */
struct tla_plan_known {
	struct tla_plan_known *next;
	const struct tla_fn *fn;
	struct tla_plan_reads reads;
};

/* A definition that is being looked at. */
struct tla_plan_open {
	const struct tla_plan_open *outer;
	const struct tla_fn *fn;
	uint32_t idx;
};

static void look(struct tla_plan *plan, struct tla_plan_reads *sum, const struct tla_code *code,
		 struct tla_frame *frame);

void *tla_plan_piece(struct tla_plan *plan, size_t n_bytes)
{
	void *piece = tla_alloc(plan->runner->eval.heap, (n_bytes + 7) / 8 * 8);

	plan->is_full |= !piece;
	return piece ? memset(piece, 0, n_bytes) : NULL;
}

static uint32_t var_count(const struct tla_plan *plan)
{
	return tla_width(plan->runner->eval.world);
}

static bool start(struct tla_plan *plan, struct tla_plan_reads *reads)
{
	*reads = (struct tla_plan_reads){ .vars = tla_plan_piece(plan, var_count(plan) + 1u) };
	return reads->vars != NULL;
}

static void add(struct tla_plan *plan, struct tla_plan_reads *sum,
		const struct tla_plan_reads *more)
{
	for (uint32_t i = 0; i < var_count(plan); i++)
		sum->vars[i] |= more->vars[i];
	sum->has_effects |= more->has_effects;
	sum->is_cut |= more->is_cut;
}

static void note_native(struct tla_plan *plan, const struct tla_code *code)
{
	const struct tla_native *native = tla_native_of(code);

	for (uint32_t i = 0; native && i < plan->native_count; i++)
		if (plan->natives[i] == native)
			return;
	if (native && plan->native_count < TLA_PLAN_NATIVES_MAX)
		plan->natives[plan->native_count++] = native;
}

static bool is_open(struct tla_plan *plan, const struct tla_fn *fn)
{
	for (const struct tla_plan_open *at = plan->open; at; at = at->outer) {
		if (at->fn != fn)
			continue;
		plan->lowest = at->idx < plan->lowest ? at->idx : plan->lowest;
		return true;
	}
	return false;
}

static struct tla_plan_known **bucket(struct tla_plan *plan, const struct tla_fn *fn)
{
	return &plan->known[((uintptr_t)fn >> 4) % TLA_PLAN_KNOWN];
}

static void keep(struct tla_plan *plan, const struct tla_fn *fn, const struct tla_plan_reads *reads)
{
	struct tla_plan_known *known = tla_plan_piece(plan, sizeof *known);

	if (!known)
		return;
	*known = (struct tla_plan_known){ *bucket(plan, fn), fn, *reads };
	*bucket(plan, fn) = known;
}

/* The body alone. up: the frame around; NULL: there is none, and it reads the same everywhere. */
static void look_at_fn(struct tla_plan *plan, struct tla_plan_reads *sum, const struct tla_fn *fn,
		       struct tla_frame *up)
{
	struct tla_plan_open open = { plan->open, fn, plan->open ? plan->open->idx + 1 : 0 };
	struct tla_plan_reads reads;
	struct tla_frame *frame;

	if (is_open(plan, fn))
		return;
	for (const struct tla_plan_known *at = up ? NULL : *bucket(plan, fn); at; at = at->next)
		if (at->fn == fn) {
			add(plan, sum, &at->reads);
			return;
		}
	frame = tla_frame_new(&plan->runner->eval, fn, up);
	plan->is_full |= !frame;
	if (!frame || !start(plan, &reads))
		return;
	plan->open = &open;
	look(plan, &reads, fn->body, frame);
	plan->open = open.outer;
	add(plan, sum, &reads);
	if (plan->lowest < open.idx)
		return;
	plan->lowest = UINT32_MAX;
	if (!up)
		keep(plan, fn, &reads);
}

static void look_at_callee(struct tla_plan *plan, struct tla_plan_reads *sum,
			   const struct tla_code *code, struct tla_frame *frame)
{
	look_at_fn(plan, sum, code->fn, code->b == TLA_NO_UP ? NULL : tla_frame_up(frame, code->b));
}

static void look_at_slot(struct tla_plan *plan, struct tla_plan_reads *sum,
			 const struct tla_code *code, struct tla_frame *frame)
{
	tla_value word = tla_frame_up(frame, code->b)->slots[code->a];
	void *at = (void *)(uintptr_t)(word & ~(tla_value)7);

	if ((word & 7) == TLA_THUNK)
		look(plan, sum, ((struct tla_thunk *)at)->code, ((struct tla_thunk *)at)->frame);
	else if ((word & 7) == TLA_OPERATOR)
		look_at_fn(plan, sum, ((struct tla_operator *)at)->fn,
			   ((struct tla_operator *)at)->up);
}

/* Beside its parts. */
static void look_at_node(struct tla_plan *plan, struct tla_plan_reads *sum,
			 const struct tla_code *code, struct tla_frame *frame)
{
	if (code->eval == tla_ev_now)
		sum->vars[code->a] |= TLA_READS_NOW;
	else if (code->eval == tla_ev_next)
		sum->vars[code->a] |= TLA_READS_NEXT;
	else if (code->eval == tla_ev_slot || code->eval == tla_ev_call_slot)
		look_at_slot(plan, sum, code, frame);
	else if (code->eval == tla_ev_call || code->eval == tla_ev_operator)
		look_at_callee(plan, sum, code, frame);
	else if (code->eval == tla_ev_unchanged && code->count == 0)
		for (uint32_t i = 0; i < code->a; i++)
			sum->vars[code->vars[i]] |= TLA_READS_NOW | TLA_READS_NEXT;
	for (uint32_t i = 0; code->eval == tla_ev_except && i < code->a; i++) {
		for (uint32_t j = 0; j < code->changes[i].step_count; j++)
			look(plan, sum, code->changes[i].steps[j], frame);
		look(plan, sum, code->changes[i].value, frame);
	}
	note_native(plan, code);
	sum->has_effects |= code->has_effects;
}

/* e' reads in the next state; ENABLED has next states of its own. */
static void look_apart(struct tla_plan *plan, struct tla_plan_reads *sum,
		       const struct tla_code *code, struct tla_frame *frame)
{
	struct tla_plan_reads inner;

	if (!start(plan, &inner))
		return;
	for (uint32_t i = 0; i < code->count; i++)
		look(plan, &inner, code->args[i], frame);
	for (uint32_t i = 0; i < var_count(plan); i++) {
		if (code->eval == tla_ev_enabled)
			inner.vars[i] &= TLA_READS_NOW;
		else if (inner.vars[i])
			inner.vars[i] = TLA_READS_NEXT;
	}
	add(plan, sum, &inner);
}

static void look(struct tla_plan *plan, struct tla_plan_reads *sum, const struct tla_code *code,
		 struct tla_frame *frame)
{
	if (code->eval == tla_ev_constant || code->eval == tla_ev_value)
		return;
	if (plan->budget == 0 || plan->nesting == NESTING_MAX || plan->is_full) {
		sum->is_cut = true;
		return;
	}
	plan->budget--;
	plan->nesting++;
	if (code->eval == tla_ev_primed || code->eval == tla_ev_enabled) {
		look_apart(plan, sum, code, frame);
	} else {
		/* Of a definition with arguments that a trace can name the first is the text. */
		uint32_t count = code->eval == tla_ev_inline ? 1 : code->count;

		for (uint32_t i = 0; i < count; i++)
			look(plan, sum, code->args[i], frame);
		look_at_node(plan, sum, code, frame);
	}
	plan->nesting--;
}

bool tla_plan_read(struct tla_plan *plan, struct tla_plan_reads *reads,
		   const struct tla_code *const *args, uint32_t count, struct tla_frame *frame)
{
	if (!start(plan, reads))
		return false;
	plan->budget = BUDGET;
	plan->nesting = 0;
	plan->lowest = UINT32_MAX;
	for (uint32_t i = 0; i < count; i++)
		look(plan, reads, args[i], frame);
	return !plan->is_full;
}
