/* SPDX-License-Identifier: MIT */
/*
 * Nodes: arithmetic. Integers are TLC's: 32 bits, and leaving them is an error.
 */
#include "../value/print.h"
#include "../value/set.h"
#include "eval.h"
#include "nodes.h"

static bool is_integer(struct tla_eval *eval, const struct tla_code *code, tla_value v)
{
	char text[TLA_BRIEF_BYTES];

	if (!v || tla_is_int(v))
		return v != TLA_NONE;
	tla_fail_at(eval, code->span, "Arithmetic needs integers, but an operand is:\n%s",
		    tla_brief(eval->heap, v, text));
	return false;
}

static bool operands(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame,
		     int64_t *ret_a, int64_t *ret_b)
{
	tla_value a = tla_eval(eval, code->args[0], frame), b;

	if (!is_integer(eval, code, a))
		return false;
	b = tla_eval(eval, code->args[1], frame);
	if (!is_integer(eval, code, b))
		return false;
	*ret_a = tla_int_of(a);
	*ret_b = tla_int_of(b);
	return true;
}

static tla_value in_range(struct tla_eval *eval, const struct tla_code *code, int64_t v)
{
	if (v == (int32_t)v)
		return tla_int(v);
	return tla_fail_at(eval, code->span,
			   "Overflow: the result %lld is outside of -2^31..2^31-1.", (long long)v);
}

#define ARITHMETIC(name, result)                                                    \
	tla_value tla_ev_##name(struct tla_eval *eval, const struct tla_code *code, \
				struct tla_frame *frame)                            \
	{                                                                           \
		int64_t a, b;                                                       \
                                                                                    \
		if (!operands(eval, code, frame, &a, &b))                           \
			return TLA_NONE;                                            \
		return result;                                                      \
	}

ARITHMETIC(add, in_range(eval, code, a + b))
ARITHMETIC(sub, in_range(eval, code, a - b))
ARITHMETIC(mul, in_range(eval, code, a *b))
ARITHMETIC(less, tla_bool(a < b))
ARITHMETIC(leq, tla_bool(a <= b))
ARITHMETIC(greater, tla_bool(a > b))
ARITHMETIC(geq, tla_bool(a >= b))
ARITHMETIC(range, tla_interval(eval->heap, a, b))

tla_value tla_ev_neg(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	tla_value a = tla_eval(eval, code->args[0], frame);

	return is_integer(eval, code, a) ? in_range(eval, code, -tla_int_of(a)) : TLA_NONE;
}

/* Rounded down, so that a = b * (a \div b) + a % b with 0 <= a % b < b. */
tla_value tla_ev_div(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int64_t a, b;

	if (!operands(eval, code, frame, &a, &b))
		return TLA_NONE;
	if (b == 0)
		return tla_fail_at(eval, code->span, "The second argument of \\div is 0.");
	return in_range(eval, code, a / b - (a % b != 0 && (a < 0) != (b < 0)));
}

tla_value tla_ev_mod(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int64_t a, b;

	if (!operands(eval, code, frame, &a, &b))
		return TLA_NONE;
	if (b <= 0)
		return tla_fail_at(eval, code->span,
				   "The second argument of %% should be a positive number, but is "
				   "%lld.",
				   (long long)b);
	return tla_int(a % b < 0 ? a % b + b : a % b);
}

tla_value tla_ev_pow(struct tla_eval *eval, const struct tla_code *code, struct tla_frame *frame)
{
	int64_t a, b, power = 1;

	if (!operands(eval, code, frame, &a, &b))
		return TLA_NONE;
	if (b < 0)
		return tla_fail_at(eval, code->span, "The exponent of ^ is %lld, below 0.",
				   (long long)b);
	if (a == 0 && b == 0)
		return tla_fail_at(eval, code->span, "0^0 is undefined.");
	if (a == -1 || a == 1)
		return tla_int(a == 1 || b % 2 == 0 ? 1 : -1);
	for (int64_t i = 0; i < b && power != 0; i++) {
		power *= a;
		if (power != (int32_t)power)
			return in_range(eval, code, power);
	}
	return tla_int(power);
}
