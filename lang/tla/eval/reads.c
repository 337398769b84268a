/* SPDX-License-Identifier: MIT */
/*
 * What expressions read, and which of them are worth remembering (memo.h).
 *
 * One pass over the code of a function, innermost first. A node's reads are those of its parts,
 * but for the names that it binds itself; a LET definition's name stands for what the definition
 * reads. Wrapped is a node that costs more than a look-up and reads less than the node around it:
 * if it reads the same, that one is wrapped, or one further out.
 *
 * Invariant: whatever is not fully known (an operator that came as an argument, a definition being
 * looked at that is used recursively) makes all around it unfit for wrapping.
 */
#include "compile.h"
#include "memo.h"
#include "nodes.h"

#include <string.h>

enum {
	COST_MAX = 1 << 20,
	COST_OF_LOOP = 40,
	COST_OF_CALL = 6,
	COST_WORTH = 24, /* of a node: below, the look-up costs as much */
	LETS_MAX = 64,
};

struct reads {
	struct tla_read at[TLA_MEMO_KEYS_MAX];
	uint32_t count;
	bool is_unfit;             /* has effects, reads too much, or is not fully known */
	const struct tla_fn *open; /* being looked at, and called from here */
	uint32_t let_bound;        /* 1 + the outermost of pass.lets whose name it uses; 0: none */
	uint32_t cost;
};

/* Kept with a function once it has been looked at: in terms of its own frame. */
struct tla_fn_reads {
	bool is_done;
	struct reads reads;
};

/* What a LET's names stand for. */
struct let {
	const struct tla_fn *fn;
	uint32_t slot;
	struct reads reads;
};

struct pass {
	struct tla_compiler *compiler;
	struct tla_fn *fn; /* whose code it is */
	struct let *lets;
	uint32_t let_count;
	bool is_primed; /* inside of e': names may have been evaluated in either state */
	bool has_failed;
};

static struct reads look(struct pass *pass, struct tla_code *code);

static bool same_read(const struct tla_read *a, const struct tla_read *b)
{
	return a->kind == b->kind && a->up == b->up && a->idx == b->idx;
}

static void add_read(struct reads *reads, struct tla_read read)
{
	for (uint32_t i = 0; i < reads->count; i++)
		if (same_read(&reads->at[i], &read))
			return;
	if (reads->count == TLA_MEMO_KEYS_MAX)
		reads->is_unfit = true;
	else
		reads->at[reads->count++] = read;
}

static void add_cost(struct reads *reads, uint32_t cost)
{
	reads->cost = reads->cost + cost < COST_MAX ? reads->cost + cost : COST_MAX;
}

static void add_all(struct reads *to, const struct reads *from)
{
	for (uint32_t i = 0; i < from->count; i++)
		add_read(to, from->at[i]);
	to->is_unfit |= from->is_unfit;
	if (from->open) {
		to->is_unfit |= to->open && to->open != from->open;
		to->open = from->open;
	}
	if (from->let_bound && (!to->let_bound || from->let_bound < to->let_bound))
		to->let_bound = from->let_bound;
	add_cost(to, from->cost);
}

/* The names in these slots are bound here. */
static void drop_slots(struct reads *reads, uint32_t first, uint32_t count)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < reads->count; i++) {
		const struct tla_read *read = &reads->at[i];

		if (read->kind != TLA_READ_SLOT || read->up > 0 || read->idx < first ||
		    read->idx >= first + count)
			reads->at[kept++] = *read;
	}
	reads->count = kept;
}

static bool is_fit(const struct reads *reads)
{
	return !reads->is_unfit && !reads->open;
}

static bool has_same_reads(const struct reads *a, const struct reads *b)
{
	for (uint32_t i = 0; i < a->count; i++) {
		uint32_t j = 0;

		while (j < b->count && !same_read(&a->at[i], &b->at[j]))
			j++;
		if (j == b->count)
			return false;
	}
	return a->count == b->count;
}

/* As an action it has several steps or assigns: it is worth it as a value only. */
static bool is_for_values(const struct tla_code *code)
{
	return code->level < TLA_ACTION || code->act == TLA_ACT_TEST;
}

static struct tla_code *wrapper(struct pass *pass, struct tla_code *code)
{
	struct tla_code *node = tla_code_new(pass->compiler, tla_ev_memo, code->span, 1);

	if (!node) {
		pass->has_failed = true;
		return NULL;
	}
	node->level = code->level;
	node->act = code->act == TLA_ACT_TEST ? TLA_ACT_TEST : TLA_ACT_INSIDE;
	node->args[0] = code;
	return node;
}

/* Evaluated once, in a frame like the function's own. */
static struct tla_code *hoist(struct pass *pass, struct tla_code *code)
{
	struct tla_world *world = pass->compiler->world;
	struct tla_code *node = wrapper(pass, code);
	struct tla_constant *constant = tla_piece_of(pass->compiler, sizeof *constant);
	struct tla_fn *fn = tla_piece_of(pass->compiler, sizeof *fn);

	if (!node || !constant || !fn) {
		pass->has_failed = true;
		return code;
	}
	*fn = (struct tla_fn){ .span = code->span,
			       .slot_count = pass->fn->slot_count,
			       .level = TLA_CONSTANT,
			       .body = code };
	constant->span = code->span;
	constant->fn = fn;
	tla_world_add_constant(world, constant);
	node->eval = tla_ev_constant;
	node->constant = constant;
	return node;
}

static struct tla_code *remember(struct pass *pass, struct tla_code *code,
				 const struct reads *reads)
{
	struct tla_code *node = wrapper(pass, code);
	struct tla_site *site = tla_piece_of(pass->compiler, sizeof *site);

	if (!node || !site) {
		pass->has_failed = true;
		return code;
	}
	site->site_idx = pass->compiler->world->site_count++;
	site->read_count = reads->count;
	memcpy(site->reads, reads->at, sizeof site->reads);
	for (uint32_t i = 0; i < reads->count; i++)
		site->may_read_next |= reads->at[i].kind != TLA_READ_NOW;
	node->site = site;
	return node;
}

static bool is_plain_name(const struct tla_code *code)
{
	return code->eval == tla_ev_value || code->eval == tla_ev_constant ||
	       code->eval == tla_ev_operator;
}

/* The code, or a node around it that remembers. */
static const struct tla_code *wrap(struct pass *pass, struct tla_code *code,
				   const struct reads *reads)
{
	if (!is_fit(reads) || is_plain_name(code) || !is_for_values(code))
		return code;
	/* Not where it needs a LET's name, which another frame does not have. */
	if (reads->count == 0 && !reads->let_bound)
		return hoist(pass, code);
	return reads->cost >= COST_WORTH ? remember(pass, code, reads) : code;
}

/* A part of a node: looked at, and noted to be wrapped once it is known what the node reads. */
struct part {
	const struct tla_code **at;
	struct reads reads;
};

struct parts {
	struct part *at;
	uint32_t count;
};

static void look_at_part(struct pass *pass, struct parts *parts, struct reads *sum,
			 const struct tla_code **at)
{
	/* The compiler made it, and is not done with it. */
	struct reads reads = look(pass, (struct tla_code *)*at);

	add_all(sum, &reads);
	parts->at[parts->count++] = (struct part){ at, reads };
}

static void wrap_parts(struct pass *pass, const struct parts *parts, const struct reads *sum,
		       bool is_wrapped_itself)
{
	for (uint32_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->at[i];

		if (is_wrapped_itself && is_fit(sum) && has_same_reads(&part->reads, sum))
			continue;
		*part->at = wrap(pass, (struct tla_code *)*part->at, &part->reads);
	}
}

static const struct let *find_let(const struct pass *pass, const struct tla_code *code)
{
	if (code->b > 0 || pass->is_primed)
		return NULL;
	for (uint32_t i = pass->let_count; i-- > 0;)
		if (pass->lets[i].fn == pass->fn && pass->lets[i].slot == code->a)
			return &pass->lets[i];
	return NULL;
}

static void add_let(const struct pass *pass, const struct let *let, struct reads *sum)
{
	struct reads reads = let->reads;
	uint32_t bound = (uint32_t)(let - pass->lets) + 1;

	if (!reads.let_bound || bound < reads.let_bound)
		reads.let_bound = bound;
	add_all(sum, &reads);
}

static void read_slot(const struct pass *pass, const struct tla_code *code, struct reads *sum)
{
	const struct let *let = find_let(pass, code);

	if (code->b > UINT8_MAX)
		sum->is_unfit = true;
	else if (let)
		add_let(pass, let, sum);
	else
		add_read(sum, (struct tla_read){ TLA_READ_SLOT, (uint8_t)code->b, code->a });
}

static void read_vars(const struct tla_code *code, struct reads *sum)
{
	for (uint32_t i = 0; i < code->a; i++) {
		add_read(sum, (struct tla_read){ TLA_READ_NOW, 0, code->vars[i] });
		add_read(sum, (struct tla_read){ TLA_READ_NEXT, 0, code->vars[i] });
	}
}

/* Of a function, in terms of its own frame. */
static struct reads look_at_fn(struct pass *pass, struct tla_fn *fn)
{
	struct pass inner = *pass;
	struct tla_fn_reads *known = fn->reads;

	if (known && !known->is_done)
		return (struct reads){ .open = fn, .cost = COST_OF_LOOP };
	if (known)
		return known->reads;
	known = tla_piece_of(pass->compiler, sizeof *known);
	if (!known || !fn->body) {
		pass->has_failed |= !known;
		return (struct reads){ .is_unfit = true };
	}
	fn->reads = known;
	inner.fn = fn;
	inner.is_primed = false;
	known->reads = look(&inner, (struct tla_code *)fn->body);
	if (known->reads.open == fn)
		known->reads.open = NULL;
	else
		known->reads.is_unfit |= known->reads.open != NULL;
	known->is_done = true;
	fn->body = wrap(&inner, (struct tla_code *)fn->body, &known->reads);
	pass->has_failed |= inner.has_failed;
	return known->reads;
}

/* A callee's reads as the caller's: what it reads of frames around it. */
static void read_fn(struct pass *pass, const struct tla_code *code, struct reads *sum)
{
	struct reads callee = look_at_fn(pass, (struct tla_fn *)code->fn), outer = callee;

	outer.count = 0;
	for (uint32_t i = 0; i < callee.count; i++) {
		struct tla_read read = callee.at[i];

		if (read.kind == TLA_READ_SLOT && read.up == 0)
			continue; /* its parameters: the arguments are parts of the call */
		if (read.kind == TLA_READ_SLOT && read.up - 1u + code->b > UINT8_MAX)
			outer.is_unfit = true;
		else if (read.kind == TLA_READ_SLOT)
			read.up = (uint8_t)(read.up - 1u + code->b);
		add_read(&outer, read);
	}
	add_all(sum, &outer);
	add_cost(sum, COST_OF_CALL);
}

/* In the next state. */
static void prime(struct reads *reads)
{
	for (uint32_t i = 0; i < reads->count; i++) {
		/* What a parameter stands for has another value there. */
		reads->is_unfit |= reads->at[i].kind != TLA_READ_NOW;
		if (reads->at[i].kind == TLA_READ_NOW)
			reads->at[i].kind = TLA_READ_NEXT;
	}
}

/* ENABLED has next states of its own. */
static void drop_next(struct reads *reads)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < reads->count; i++)
		if (reads->at[i].kind != TLA_READ_NEXT)
			reads->at[kept++] = reads->at[i];
	reads->count = kept;
}

static bool has_loops(const struct tla_code *code)
{
	return code->eval == tla_ev_forall || code->eval == tla_ev_exists ||
	       code->eval == tla_ev_choose || code->eval == tla_ev_filter ||
	       code->eval == tla_ev_map || code->eval == tla_ev_fcn;
}

static void bind_loops(const struct tla_code *code, struct reads *sum)
{
	for (uint32_t i = 0; i < code->a; i++) {
		const struct tla_loop *loop = &code->loops[i];

		drop_slots(sum, loop->slot, loop->tuple_count ? loop->tuple_count : 1);
	}
	add_cost(sum, COST_OF_LOOP + 4 * sum->cost);
}

static void note_let(struct pass *pass, uint32_t slot, const struct reads *reads)
{
	if (pass->let_count < LETS_MAX)
		pass->lets[pass->let_count++] = (struct let){ pass->fn, slot, *reads };
}

/* The definitions first: the body's reads of their names are what they read. */
static void look_at_let(struct pass *pass, struct tla_code *code, struct parts *parts,
			struct reads *sum)
{
	uint32_t let_count = pass->let_count;

	for (uint32_t i = 0; i + 1 < code->count; i++) {
		look_at_part(pass, parts, sum, &code->args[i]);
		note_let(pass, code->a + i, &parts->at[parts->count - 1].reads);
	}
	look_at_part(pass, parts, sum, &code->args[code->count - 1]);
	pass->let_count = let_count;
	if (sum->let_bound > let_count)
		sum->let_bound = 0;
	drop_slots(sum, code->a, code->count - 1);
}

static void look_at_changes(struct pass *pass, const struct tla_code *code, struct parts *parts,
			    struct reads *sum)
{
	for (uint32_t i = 0; i < code->a; i++) {
		struct tla_change *one = (struct tla_change *)&code->changes[i];

		for (uint32_t j = 0; j < one->step_count; j++)
			look_at_part(pass, parts, sum, &one->steps[j]);
		look_at_part(pass, parts, sum, &one->value);
	}
	for (uint32_t i = 0; i < code->a; i++)
		drop_slots(sum, code->changes[i].at_slot, 1);
	add_cost(sum, COST_OF_CALL);
}

/* What the node itself reads, beside its parts. */
static void look_at_node(struct pass *pass, const struct tla_code *code, struct reads *sum)
{
	if (code->eval == tla_ev_now)
		add_read(sum, (struct tla_read){ TLA_READ_NOW, 0, code->a });
	else if (code->eval == tla_ev_next)
		add_read(sum, (struct tla_read){ TLA_READ_NEXT, 0, code->a });
	else if (code->eval == tla_ev_slot || code->eval == tla_ev_call_slot)
		read_slot(pass, code, sum);
	else if (code->eval == tla_ev_call || code->eval == tla_ev_operator)
		read_fn(pass, code, sum);
	else if (code->eval == tla_ev_unchanged && code->count == 0)
		read_vars(code, sum);
	else if (code->eval == tla_ev_primed)
		prime(sum);
	else if (code->eval == tla_ev_enabled)
		drop_next(sum);
	else if (code->eval == tla_ev_compose || code->eval == tla_ev_temporal ||
		 code->eval == tla_ev_choose_unbounded)
		sum->is_unfit = true;
	else if (has_loops(code))
		bind_loops(code, sum);
}

static uint32_t part_count(const struct tla_code *code)
{
	uint32_t count = code->count;

	for (uint32_t i = 0; code->eval == tla_ev_except && i < code->a; i++)
		count += code->changes[i].step_count + 1;
	return count;
}

static struct reads look(struct pass *pass, struct tla_code *code)
{
	struct tla_mark mark = tla_heap_mark(pass->compiler->heap);
	struct parts parts = { tla_alloc(pass->compiler->heap, part_count(code) * sizeof *parts.at),
			       0 };
	struct reads sum = { .cost = 1 };
	bool is_primed = pass->is_primed;

	if (!parts.at) {
		pass->has_failed = true;
		return (struct reads){ .is_unfit = true };
	}
	pass->is_primed |= code->eval == tla_ev_primed;
	if (code->eval == tla_ev_let) {
		look_at_let(pass, code, &parts, &sum);
	} else {
		for (uint32_t i = 0; code->eval != tla_ev_constant && i < code->count; i++)
			look_at_part(pass, &parts, &sum, &code->args[i]);
		if (code->eval == tla_ev_except)
			look_at_changes(pass, code, &parts, &sum);
		look_at_node(pass, code, &sum);
	}
	pass->is_primed = is_primed;
	sum.is_unfit |= code->has_effects;
	wrap_parts(pass, &parts, &sum, is_for_values(code));
	tla_heap_cut(pass->compiler->heap, mark);
	return sum;
}

bool tla_memoize(struct tla_compiler *compiler, struct tla_fn *fn)
{
	struct let lets[LETS_MAX];
	struct pass pass = { .compiler = compiler, .fn = fn, .lets = lets };

	(void)look_at_fn(&pass, fn);
	return !pass.has_failed;
}

const struct tla_code *tla_code_inside(const struct tla_code *code)
{
	while (code->eval == tla_ev_memo || code->eval == tla_ev_inline ||
	       code->eval == tla_ev_count || (code->eval == tla_ev_constant && code->count > 0))
		code = code->args[0];
	return code;
}
