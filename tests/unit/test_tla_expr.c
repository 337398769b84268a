/* SPDX-License-Identifier: MIT */
/* Expressions of TLA+: what each text is a tree of, and which texts are refused. Every tree that is
 * right here is also what the printed tree parses to (check_tree). */
#include "tla_text.h"

struct example {
	const char *text, *tree;
};

static void check_all(const struct example *examples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_tree(examples[i].text, examples[i].tree);
}

#define CHECK_ALL(examples) check_all(examples, sizeof(examples) / sizeof((examples)[0]))

TEST(literals)
{
	static const struct example examples[] = {
		{ "0", "(number 10 0)" },
		{ "007", "(number 10 007)" },
		{ "\\b101", "(number 2 101)" },
		{ "\\O17", "(number 8 17)" },
		{ "\\hfF", "(number 16 fF)" },
		{ "123456789012345678901234567890", "(number 10 123456789012345678901234567890)" },
		{ "1.50", "(decimal 10 1.50)" },
		{ "\"\"", "(string \"\")" },
		{ "\"a\\\"\\\\\\n\\t\\r\\f\"", "(string \"a\\\"\\\\\\n\\t\\r\\f\")" },
		{ "TRUE", "(apply TRUE)" },
		{ "@", "(at)" },
		{ "x_1", "(apply x_1)" },
		{ "1a", "(apply 1a)" },
		{ "_x", "(apply _x)" },
		{ "ℕ", "(apply Nat)" },
	};

	CHECK_ALL(examples);
}

TEST(numbers_have_values_if_they_fit)
{
	struct tla_spec *spec = new_spec();
	static const struct {
		const char *text;
		int64_t value;
		bool is_large;
	} numbers[] = {
		{ "42", 42, false },
		{ "\\hFF", 255, false },
		{ "\\b1000", 8, false },
		{ "\\o17", 15, false },
		{ "9223372036854775807", INT64_MAX, false },
		{ "9223372036854775808", 0, true },
		{ "\\hFFFFFFFFFFFFFFFF", 0, true },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		const char *text = numbers[i].text;
		struct tla_expr *expr = tla_parse_expression(
			spec, tla_file_add(&spec->sources, "n", text, strlen(text)));

		CHECK(expr && expr->kind == TLA_E_NUMBER);
		CHECK_INT(expr->number.value, ==, numbers[i].value);
		CHECK(expr->number.is_large == numbers[i].is_large);
	}
	tla_spec_destroy(spec);
}

TEST(operators_bind_by_their_ranges)
{
	static const struct example examples[] = {
		{ "a + b * c", "(apply + (apply a) (apply * (apply b) (apply c)))" },
		{ "a * b + c", "(apply + (apply * (apply a) (apply b)) (apply c))" },
		{ "a + b + c", "(apply + (apply + (apply a) (apply b)) (apply c))" },
		{ "a - b - c", "(apply - (apply - (apply a) (apply b)) (apply c))" },
		{ "a + b - c", "(apply + (apply a) (apply - (apply b) (apply c)))" },
		{ "a - b + c", "(apply + (apply - (apply a) (apply b)) (apply c))" },
		{ "a = b /\\ c", "(apply \\land (apply = (apply a) (apply b)) (apply c))" },
		{ "~a /\\ b", "(apply \\land (apply \\lnot (apply a)) (apply b))" },
		{ "~a = b", "(apply \\lnot (apply = (apply a) (apply b)))" },
		{ "a => b \\/ c", "(apply => (apply a) (apply \\lor (apply b) (apply c)))" },
		{ "x' = y", "(apply = (apply ' (apply x)) (apply y))" },
		{ "f[x]'", "(apply ' (call (apply f) (apply x)))" },
		{ "f'[x]", "(call (apply ' (apply f)) (apply x))" },
		{ "r.a.b", "(field (field (apply r) a) b)" },
		{ "r.a'", "(apply ' (field (apply r) a))" },
		{ "r'.a", "(field (apply ' (apply r)) a)" },
		{ "DOMAIN f[x]", "(apply DOMAIN (call (apply f) (apply x)))" },
		{ "SUBSET S \\cup T", "(apply \\union (apply SUBSET (apply S)) (apply T))" },
		{ "1 .. n + 1", "(apply .. (number 10 1) (apply + (apply n) (number 10 1)))" },
		{ "a \\in S \\cup T",
		  "(apply \\in (apply a) (apply \\union (apply S) (apply T)))" },
		{ "[]<>P", "(apply [] (apply <> (apply P)))" },
		{ "P ~> Q", "(apply ~> (apply P) (apply Q))" },
		{ "a :> b @@ c :> d",
		  "(apply @@ (apply :> (apply a) (apply b)) (apply :> (apply c) (apply d)))" },
		{ "A \\cdot B", "(apply \\cdot (apply A) (apply B))" },
		{ "x^+ + y^*", "(apply + (apply ^+ (apply x)) (apply ^* (apply y)))" },
	};

	CHECK_ALL(examples);
}

TEST(spellings_have_one_name)
{
	static const struct example examples[] = {
		{ "a <= b", "(apply \\leq (apply a) (apply b))" },
		{ "a =< b", "(apply \\leq (apply a) (apply b))" },
		{ "a \\leq b", "(apply \\leq (apply a) (apply b))" },
		{ "a ≤ b", "(apply \\leq (apply a) (apply b))" },
		{ "a # b", "(apply /= (apply a) (apply b))" },
		{ "a \\land b", "(apply \\land (apply a) (apply b))" },
		{ "a ∧ b", "(apply \\land (apply a) (apply b))" },
		{ "a <=> b", "(apply \\equiv (apply a) (apply b))" },
		{ "a \\circ b", "(apply \\o (apply a) (apply b))" },
		{ "a (+) b", "(apply \\oplus (apply a) (apply b))" },
		{ "∀ x ∈ S : ¬ P", "(forall (bound x) (apply S) (apply \\lnot (apply P)))" },
		{ "⟨a⟩", "(tuple (apply a))" },
		{ "[x ∈ S ↦ x]", "(function (bound x) (apply S) (apply x))" },
	};

	CHECK_ALL(examples);
}

TEST(minus_is_two_operators)
{
	static const struct example examples[] = {
		{ "-a", "(apply -. (apply a))" },
		{ "a - -b", "(apply - (apply a) (apply -. (apply b)))" },
		{ "-a * b", "(apply -. (apply * (apply a) (apply b)))" },
		{ "-a + b", "(apply + (apply -. (apply a)) (apply b))" },
		{ "- -a", "(apply -. (apply -. (apply a)))" },
		{ "a + -b", "(apply + (apply a) (apply -. (apply b)))" },
		{ "-.(a)", "(apply -. (apply a))" },
		{ "a * -b", "1:5: neither of '*' and '-' binds tighter: write parentheses" },
		{ "a ^ -b", "1:5: neither of '^' and '-' binds tighter: write parentheses" },
	};

	CHECK_ALL(examples);
}

TEST(overlapping_ranges_need_parentheses)
{
	static const struct example examples[] = {
		{ "a /\\ b \\/ c",
		  "1:8: neither of '/\\' and '\\/' binds tighter: write parentheses" },
		{ "a \\cup b \\cap c",
		  "1:10: neither of '\\cup' and '\\cap' binds tighter: write parentheses" },
		{ "a => b => c", "1:8: neither of '=>' and '=>' binds tighter: write parentheses" },
		{ "a = b = c", "1:7: neither of '=' and '=' binds tighter: write parentheses" },
		{ "a * b / c", "1:7: neither of '*' and '/' binds tighter: write parentheses" },
		{ "a \\ b \\ c", "1:7: neither of '\\' and '\\' binds tighter: write parentheses" },
		{ "[]x'", "1:4: neither of '[]' and ''' binds tighter: write parentheses" },
		{ "SUBSET A \\X B",
		  "1:10: neither of 'SUBSET' and '\\X' binds tighter: write parentheses" },
		{ "A \\X B * C", "1:8: neither of '\\X' and '*' binds tighter: write parentheses" },
		{ "(a /\\ b) \\/ c", "(apply \\lor (apply \\land (apply a) (apply b)) (apply c))" },
	};

	CHECK_ALL(examples);
}

TEST(products_are_one_list)
{
	static const struct example examples[] = {
		{ "A \\X B", "(cross (apply A) (apply B))" },
		{ "A \\X B \\times C × D", "(cross (apply A) (apply B) (apply C) (apply D))" },
		{ "(A \\X B) \\X C", "(cross (cross (apply A) (apply B)) (apply C))" },
		{ "A \\X (B \\X C)", "(cross (apply A) (cross (apply B) (apply C)))" },
	};

	CHECK_ALL(examples);
}

TEST(junction_lists_go_by_columns)
{
	static const struct example examples[] = {
		{ "/\\ a", "(and (apply a))" },
		{ "/\\ a\n/\\ b", "(and (apply a) (apply b))" },
		{ "/\\ a /\\ b\n/\\ c", "(and (apply \\land (apply a) (apply b)) (apply c))" },
		{ "/\\ \\/ a\n   \\/ b\n/\\ c", "(and (or (apply a) (apply b)) (apply c))" },
		{ "/\\ a\n\\/ b", "(apply \\lor (and (apply a)) (apply b))" },
		{ " /\\ a\n/\\ b", "(apply \\land (and (apply a)) (apply b))" },
		{ "/\\ a\n /\\ b", "(and (apply \\land (apply a) (apply b)))" },
		{ "/\\ a = 1\n   + 2\n/\\ b",
		  "(and (apply = (apply a) (apply + (number 10 1) (number 10 2))) (apply b))" },
		{ "/\\ a\n=> b", "(apply => (and (apply a)) (apply b))" },
		{ "\t/\\ a\n        /\\ b", "(and (apply a) (apply b))" },
		{ "  \t/\\ a\n\t/\\ b", "(and (apply a) (apply b))" },
		{ "∧ a\n∧ b", "(and (apply a) (apply b))" },
		{ "\\land a", "1:1: expected an expression; found '\\land'" },
		{ "/\\ (a\n)", "2:1: expected an operator or ')'; found ')' in column 1, but what "
			       "belongs to an item of the list stands right of column 1" },
		{ "/\\ f(\n x)\n/\\ g", "(and (apply f (apply x)) (apply g))" },
		{ "IF /\\ a\n   /\\ b THEN c ELSE d",
		  "(if (and (apply a) (apply b)) (apply c) (apply d))" },
		{ "\\E x \\in S : /\\ a\n             /\\ b",
		  "(exists (bound x) (apply S) (and (apply a) (apply b)))" },
		{ "x + /\\ a\n    /\\ b", "(apply + (apply x) (and (apply a) (apply b)))" },
	};

	CHECK_ALL(examples);
}

TEST(names_select)
{
	static const struct example examples[] = {
		{ "f(a, b)", "(apply f (apply a) (apply b))" },
		{ "M!x", "(apply (path (name M)) x)" },
		{ "I(3)!J!op(a)", "(apply (path (name I (number 10 3)) (name J)) op (apply a))" },
		{ "M!+(1, 2)", "(apply (path (name M)) + (number 10 1) (number 10 2))" },
		{ "+(1, 2)", "(apply + (number 10 1) (number 10 2))" },
		{ "D!1!<<!>>!:!@!(a)",
		  "(subexpr (path (name D) (child 1) (first) (second) (colon) (at) (args "
		  "(apply a))))" },
		{ "F(+, -., LAMBDA x, y : x)",
		  "(apply F (apply +) (apply -.) (lambda (names x y) (apply x)))" },
		{ "F( /\\ )", "(apply F (apply \\land))" },
		{ "lab :: a", "(label lab (names) (apply a))" },
		{ "lab(x, y) :: a", "(label lab (names x y) (apply a))" },
		{ "a + lab :: b * c",
		  "(apply + (apply a) (label lab (names) (apply * (apply b) (apply c))))" },
		{ "a * lab :: b + c",
		  "1:5: without the label, the expression would be read differently" },
		{ "1 :: a", "1:3: '::' does not follow a label" },
		{ "F(\\X, 1)", "1:3: '\\X' is no operator that can be passed" },
		{ "LAMBDA x : x", "1:1: LAMBDA stands only where an operator is expected: as an "
				  "argument, or behind '<-'" },
	};

	CHECK_ALL(examples);
}

TEST(brackets_are_told_apart)
{
	static const struct example examples[] = {
		{ "{}", "(set)" },
		{ "{a, b}", "(set (apply a) (apply b))" },
		{ "{x \\in S : P}", "(filter (bound x) (apply S) (apply P))" },
		{ "{<<x, y>> \\in S : P}", "(filter (tuple-bound x y) (apply S) (apply P))" },
		{ "{x : x \\in S, y \\in T}",
		  "(map (bound x) (apply S) (bound y) (apply T) (apply x))" },
		{ "{x \\in S}", "(set (apply \\in (apply x) (apply S)))" },
		{ "{x \\in S, y}", "(set (apply \\in (apply x) (apply S)) (apply y))" },
		{ "{x, y \\in S}", "(set (apply x) (apply \\in (apply y) (apply S)))" },
		{ "{x \\in S /\\ y}",
		  "(set (apply \\land (apply \\in (apply x) (apply S)) (apply y)))" },
		{ "{x \\in S \\cup T}",
		  "(set (apply \\in (apply x) (apply \\union (apply S) (apply T))))" },
		{ "{<<x>> \\in S}", "(set (apply \\in (tuple (apply x)) (apply S)))" },
		{ "{x \\in S = T}",
		  "1:8: neither of '\\in' and '=' binds tighter: write parentheses" },
		{ "<<>>", "(tuple)" },
		{ "<<a, b>>", "(tuple (apply a) (apply b))" },
		{ "<<a>>_v", "(angle (apply a) (apply v))" },
		{ "[a]_v", "(box (apply a) (apply v))" },
		{ "[a]_<<v, w>>", "(box (apply a) (tuple (apply v) (apply w)))" },
		{ "[][a]_v", "(apply [] (box (apply a) (apply v)))" },
		{ "[x \\in S, <<y, z>> \\in T |-> e]",
		  "(function (bound x) (apply S) (tuple-bound y z) (apply T) (apply e))" },
		{ "[S -> T]", "(functions (apply S) (apply T))" },
		{ "[a |-> 1, IF |-> 2]", "(record a (number 10 1) IF (number 10 2))" },
		{ "[a : S, b : T]", "(records a (apply S) b (apply T))" },
		{ "[f EXCEPT ![1, 2].a[3] = @, !.b = 4]",
		  "(except (apply f) (update (index (number 10 1) (number 10 2)) (field a) (index "
		  "(number 10 3)) (at)) (update (field b) (number 10 4)))" },
		{ "WF_v(A)", "(wf (apply A) (apply v))" },
		{ "SF_<<v, w>>(A)", "(sf (apply A) (tuple (apply v) (apply w)))" },
		{ "WF_f(x)(A)", "(wf (apply A) (apply f (apply x)))" },
		{ "WF_M!v(A)", "(wf (apply A) (apply (path (name M)) v))" },
		{ "WF_(v)(A)", "(wf (apply A) (apply v))" },
		{ "WF_v", "1:5: expected '(' and the action; found the end of the file" },
	};

	CHECK_ALL(examples);
}

TEST(open_constructs_reach_right)
{
	static const struct example examples[] = {
		{ "IF a THEN b ELSE c + d",
		  "(if (apply a) (apply b) (apply + (apply c) (apply d)))" },
		{ "CASE a -> b [] c -> d [] OTHER -> e",
		  "(case (apply a) (apply b) (apply c) (apply d) OTHER (apply e))" },
		{ "LET x == 1 f[y \\in S] == y IN x",
		  "(let (operator x (number 10 1)) (function f (bound y) "
		  "(apply S) (apply y)) (apply "
		  "x))" },
		{ "LET RECURSIVE F(_) F(n) == n I == INSTANCE M IN F(1)",
		  "(let (recursive F/1) (operator F n/0 (apply n)) (instance "
		  "I of M) (apply F (number "
		  "10 1)))" },
		{ "\\A x, y \\in S, z \\in T : P",
		  "(forall (bound x y) (apply S) (bound z) (apply T) (apply P))" },
		{ "\\E x : P", "(exists (bound x) (apply P))" },
		{ "\\AA x, y : P", "(aa (bound x y) (apply P))" },
		{ "\\EE x : P", "(ee (bound x) (apply P))" },
		{ "CHOOSE x \\in S : P", "(choose (bound x) (apply S) (apply P))" },
		{ "CHOOSE x : P", "(choose (bound x) (apply P))" },
		{ "CHOOSE <<x, y>> \\in S : P", "(choose (tuple-bound x y) (apply S) (apply P))" },
		{ "a /\\ \\A x \\in S : b /\\ c",
		  "(apply \\land (apply a) (forall (bound x) (apply S) (apply "
		  "\\land (apply b) (apply "
		  "c))))" },
		{ "~ IF a THEN b ELSE c", "(apply \\lnot (if (apply a) (apply b) (apply c)))" },
	};

	CHECK_ALL(examples);
}

TEST(longest_tokens_win)
{
	static const struct example examples[] = {
		{ "x<-1", "1:2: expected the end of the expression; found '<-'" },
		{ "1..3", "(apply .. (number 10 1) (number 10 3))" },
		{ "a \\inb", "(apply \\in (apply a) (apply b))" },
		{ "a \\o7", "1:3: expected the end of the expression; found '\\o7'" },
		{ "WFx", "(apply WFx)" },
		{ "a(*c (* d *) e*)+b", "(apply + (apply a) (apply b))" },
		{ "a \\* c\n+ b", "(apply + (apply a) (apply b))" },
	};

	CHECK_ALL(examples);
}

static char *repeated(const char *before, const char *middle, const char *after, size_t n)
{
	size_t each = strlen(before) + strlen(after);
	char *text = malloc(n * each + strlen(middle) + 1), *at = text;

	CHECK(text);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, before);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < n; i++)
		at = stpcpy(at, after);
	return text;
}

static void check_depth(const char *before, const char *after, size_t n, bool is_fine)
{
	struct tla_spec *spec = new_spec();
	char *text = repeated(before, "x", after, n);
	const char *tree = tree_of(spec, text);

	if (is_fine)
		CHECK_INT(spec->sources.error_count, ==, 0);
	else if (!strstr(tree, "inside each other") && !strstr(tree, "levels deep"))
		FAIL("%zu times %s...%s: %.80s", n, before, after, tree);
	tla_spec_destroy(spec);
	free(text);
}

TEST(depth_has_a_limit_and_is_said)
{
	check_depth("(", ")", 900, true);
	check_depth("(", ")", 20000, false);
	check_depth("{", "}", 20000, false);
	check_depth("<<", ">>", 20000, false);
	check_depth("[a |-> ", "]", 20000, false);
	check_depth("~", "", 1900, true);
	check_depth("~", "", 20000, false);
	check_depth("1 + ", "", 1900, true);
	check_depth("1 + ", "", 20000, false);
	check_depth("", "'", 20000, false);
	check_depth("", "[1]", 20000, false);
	check_depth("", ".a", 20000, false);
	check_depth("IF x THEN x ELSE ", "", 20000, false);
	check_depth("\\A x : ", "", 20000, false);
	check_depth("f(", ")", 20000, false);
	check_depth("{x \\in ", "}", 20000, false);
	check_depth("l :: ", "", 20000, false);
	check_depth("LET a == ", " IN x", 20000, false);
	check_depth("WF_(", ")(x)", 20000, false);
	check_depth("[x]_(", ")", 20000, false);
	check_depth("S \\X ", "", 100000, true);
	check_depth("\\/ ", "", 20000, false);
}

TEST(spans_and_places_are_exact)
{
	struct tla_spec *spec = new_spec();
	const char *text = "α + (b\n\t* c) = \"é\"";
	struct tla_file *file = tla_file_add(&spec->sources, "t", text, strlen(text));
	struct tla_expr *eq = tla_parse_expression(spec, file), *product;
	struct tla_place place;

	CHECK(!eq); /* no Greek letter begins a name */
	CHECK_STR(errors_of(spec), "1:1: a character that begins no token");
	tla_spec_destroy(spec);

	spec = new_spec();
	text = "a + (b\n\t* c) = \"é\"";
	file = tla_file_add(&spec->sources, "t", text, strlen(text));
	eq = tla_parse_expression(spec, file);
	CHECK(eq && eq->apply.sym == TLA_OP_EQ);
	place = tla_place_last(&spec->sources, eq->span);
	CHECK(place.line == 2 && place.column == 18);
	CHECK_INT(eq->apply.args[0]->span.begin, ==, file->base);
	product = eq->apply.args[0]->apply.args[1];
	CHECK(product->apply.sym == TLA_OP_STAR && product->has_parens);
	place = tla_place_of(&spec->sources, product->span.begin);
	CHECK(place.line == 1 && place.column == 6);
	place = tla_place_last(&spec->sources, product->span);
	CHECK(place.line == 2 && place.column == 11);
	tla_spec_destroy(spec);
}

TEST(symbols_ascend_and_are_found)
{
	struct tla_symbols *symbols;
	char text[16];
	tla_sym first, sym;

	CHECK_INT(tla_symbols_create(&symbols), ==, 0);
	CHECK_INT(tla_symbol(symbols, "+", 1), ==, TLA_OP_PLUS);
	CHECK_INT(tla_symbol_find(symbols, "new", 3), ==, TLA_NO_SYM);
	first = tla_symbol(symbols, "new", 3);
	CHECK_INT(first, ==, TLA_OP_COUNT);
	for (int i = 0; i < 10000; i++) {
		int n = snprintf(text, sizeof(text), "s%d", i);

		sym = tla_symbol(symbols, text, (size_t)n);
		CHECK_INT(sym, ==, first + 1 + (tla_sym)i);
	}
	CHECK_INT(tla_symbol_find(symbols, "s77", 3), ==, first + 78);
	CHECK_STR(tla_symbol_text(symbols, first + 78), "s77");
	sym = tla_symbol(symbols, "a\0b", 3);
	CHECK_INT(tla_symbol_bytes(symbols, sym), ==, 3);
	CHECK(sym != tla_symbol(symbols, "a", 1));
	CHECK_INT(tla_symbol_count(symbols), ==, sym + 1);
	tla_symbols_destroy(symbols);
}
