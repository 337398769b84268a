/* SPDX-License-Identifier: MIT */
/*
 * The evaluator's frame: frames, thunks, operators, marks and failures. What nodes do is in the
 * files
 * that nodes.h names.
 */
#include "eval.h"

#include "../value/print.h"
#include "nodes.h"
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void note_failure(struct tla_eval *eval, struct tla_span span)
{
	uint32_t count = eval->failed_count;

	/* A node that stands around another has its place. */
	if (count > 0 && eval->failed_at[count - 1].begin == span.begin &&
	    eval->failed_at[count - 1].end == span.end)
		return;
	if (count < TLA_FAILED_AT_MAX && span.begin != TLA_NO_POS)
		eval->failed_at[eval->failed_count++] = span;
}

tla_value tla_failed_in(struct tla_eval *eval, struct tla_span span)
{
	note_failure(eval, span);
	return TLA_NONE;
}

int tla_not_bool(struct tla_eval *eval, const struct tla_code *code, tla_value v)
{
	char text[TLA_BRIEF_BYTES];

	if (v)
		tla_fail_at(eval, code->span, "Expected a Boolean, but the value is:\n%s",
			    tla_brief(eval->heap, v, text));
	return -1;
}

tla_value tla_fail_at(struct tla_eval *eval, struct tla_span span, const char *format, ...)
{
	char text[TLA_ERROR_BYTES];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args); /* cut where too long */
	va_end(args);
	note_failure(eval, span);
	return tla_fail(eval->heap, "%s", text);
}

tla_value tla_fail_kind(struct tla_eval *eval, const char *where, const char *what, tla_value v)
{
	char text[TLA_BRIEF_BYTES];

	return tla_fail(eval->heap, "%s needs %s, but the value is:\n%s", where, what,
			tla_brief(eval->heap, v, text));
}

void tla_eval_undo(struct tla_eval *eval, size_t undo_count)
{
	while (eval->undo_count > undo_count) {
		const struct tla_undo *undo = &eval->undo[--eval->undo_count];

		*undo->where = undo->was;
	}
}

static bool make_undo_room(struct tla_eval *eval)
{
	size_t room = eval->undo_room ? 2 * eval->undo_room : 256;
	struct nw_mem mem;

	if (nw_mem_alloc(&mem, NW_NODE_ANY, room * sizeof *eval->undo, 0))
		return false;
	if (eval->undo_count > 0)
		memcpy(mem.base, eval->undo, eval->undo_count * sizeof *eval->undo);
	nw_mem_free(&eval->undo_mem);
	eval->undo_mem = mem;
	eval->undo = mem.base;
	eval->undo_room = mem.n_bytes / sizeof *eval->undo;
	return true;
}

bool tla_eval_log(struct tla_eval *eval, tla_value *where)
{
	if (eval->undo_count == eval->undo_room && !make_undo_room(eval))
		return false;
	eval->undo[eval->undo_count++] = (struct tla_undo){ where, *where };
	return true;
}

void tla_eval_point(struct tla_eval *eval, tla_value *where, tla_value v)
{
	bool stays = !tla_is_object(v) || tla_obj(v)->is_stored || tla_obj(v)->is_kept;

	/* Without room for the undo nothing is remembered: slower, not wrong. */
	if (stays || tla_eval_log(eval, where))
		*where = v;
}

struct tla_frame *tla_frame_new(struct tla_eval *eval, const struct tla_fn *fn,
				struct tla_frame *up)
{
	struct tla_frame *frame;

	if ((const char *)__builtin_frame_address(0) < eval->stack_end) {
		tla_fail_at(eval, fn->span, "Stack overflow: the recursion is too deep.");
		eval->failure = TLA_FAILURE_DEPTH;
		return NULL;
	}
	frame = tla_alloc(eval->heap, sizeof *frame + fn->slot_count * sizeof frame->slots[0]);
	if (!frame)
		return NULL;
	*frame = (struct tla_frame){ .up = up, .slot_count = fn->slot_count };
	memset(frame->slots, 0, fn->slot_count * sizeof frame->slots[0]);
	return frame;
}

struct tla_frame *tla_frame_copy(struct tla_eval *eval, const struct tla_frame *frame)
{
	size_t n_bytes = sizeof *frame + frame->slot_count * sizeof frame->slots[0];
	struct tla_frame *copy = tla_alloc(eval->heap, n_bytes);

	return copy ? memcpy(copy, frame, n_bytes) : NULL;
}

/* What it was made of is undone when the action goes another way, so the value is, even an atom. */
static void point_in_branch(struct tla_eval *eval, struct tla_thunk *thunk, tla_value v)
{
	if (!tla_eval_log(eval, &thunk->value))
		return;
	thunk->is_of_branch = true;
	thunk->value = v;
}

tla_value tla_force_thunk(struct tla_eval *eval, struct tla_thunk *thunk)
{
	uint64_t reads = eval->next_reads;
	/* What reads variables has another value in the next state, and behind the first half of
	 * A \cdot B. */
	bool is_elsewhere = eval->between_depth + eval->primed_depth > 0 &&
			    thunk->code->level >= TLA_STATE;
	tla_value v = is_elsewhere ? TLA_NONE : thunk->value;

	if (v) {
		eval->next_reads += thunk->is_of_branch;
		return v;
	}
	v = tla_eval(eval, thunk->code, thunk->frame);
	if (!v || is_elsewhere)
		return v;
	if (eval->is_acting && (eval->is_init || eval->next_reads != reads))
		point_in_branch(eval, thunk, v);
	else
		tla_eval_point(eval, &thunk->value, v);
	return v;
}

tla_value tla_call(struct tla_eval *eval, tla_value op, const tla_value *args, uint32_t arg_count)
{
	const struct tla_operator *operator=(struct tla_operator *)(uintptr_t)(op - TLA_OPERATOR);
	const struct tla_fn *fn = operator->fn;
	struct tla_frame *frame;

	frame = tla_frame_new(eval, fn, operator->up);
	if (!frame)
		return TLA_NONE;
	for (uint32_t i = 0; i < arg_count; i++)
		frame->slots[i] = args[i];
	return tla_eval(eval, fn->body, frame);
}

bool tla_is_exhausted(const struct tla_eval *eval)
{
	static const char *const reasons[] = { "Stack overflow", "Out of memory" };

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strncmp(eval->heap->error, reasons[i], strlen(reasons[i])) == 0)
			return true;
	return false;
}

void tla_eval_forget(struct tla_eval *eval, uint32_t failed_count)
{
	tla_heap_clear(eval->heap);
	eval->failed_count = failed_count;
	eval->failure = TLA_FAILURE;
}

tla_value tla_new_string(struct tla_eval *eval, const char *text, size_t n_bytes)
{
	tla_sym sym = tla_world_symbol(eval->world, text, n_bytes);

	return sym ? tla_string(sym) : tla_fail(eval->heap, "Out of memory for strings.");
}
