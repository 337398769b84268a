---- MODULE SetsExt ----
EXTENDS FiniteSetsExt, FiniteSets, Functions, Integers, Sequences

ASSUME FoldSet(LAMBDA a, b : a + b, 0, 1..4) = 10
ASSUME FoldSet(+, 5, {}) = 5
ASSUME SumSet(1..4) = 10 /\ SumSet({}) = 0 /\ ProductSet(1..4) = 24 /\ ProductSet({}) = 1
ASSUME MapThenSumSet(LAMBDA x : x * x, 1..3) = 14
ASSUME Quantify(1..10, LAMBDA x : x % 3 = 0) = 3
ASSUME kSubset(2, 1..3) = {{1, 2}, {1, 3}, {2, 3}} /\ kSubset(0, {1}) = {{}}
ASSUME kSubset(4, 1..3) = {} /\ Cardinality(kSubset(3, 1..6)) = 20
ASSUME Max({3, 1, 2}) = 3 /\ Min({3, 1, 2}) = 1 /\ Max(-5..-2) = -2
ASSUME SymDiff({1, 2}, {2, 3}) = {1, 3}
ASSUME FlattenSet({{1}, {2}}) = {1, 2}
ASSUME ReduceSet(LAMBDA a, b : a + b, 1..3, 1) = 7
ASSUME Choices({{1, 2}, {3}}) = {{1, 3}, {2, 3}}
ASSUME ChooseUnique(1..5, LAMBDA x : x > 4) = 5
f == [x \in 1..3 |-> x * 10]
ASSUME Range(f) = {10, 20, 30} /\ Restrict(f, {1, 2}) = <<10, 20>>
ASSUME IsInjective(f) /\ ~IsInjective(<<1, 1>>)
ASSUME FoldFunction(+, 0, f) = 60 /\ FoldFunctionOnSet(+, 0, f, {1, 3}) = 40
ASSUME Inverse(f, 1..3, Range(f))[20] = 2 /\ AntiFunction(f)[30] = 3
ASSUME Injection(1..2, 1..2) = {<<1, 2>>, <<2, 1>>}
ASSUME Surjection(1..2, {1}) = {<<1, 1>>} /\ Bijection({1}, {2}) = {<<2>>}
ASSUME ExistsInjection(1..2, 1..3) /\ ~ExistsInjection(1..3, 1..2)
ASSUME ExistsSurjection(1..3, 1..2) /\ ExistsBijection(1..2, 3..4)
ASSUME IsRestriction(<<10>>, f) /\ Pointwise(f, f, +) = <<20, 40, 60>>
ASSUME FoldSet(LAMBDA x, acc : Append(acc, x), <<>>, {5}) = <<5>>
====
