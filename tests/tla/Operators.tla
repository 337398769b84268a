---- MODULE Operators ----
\* Definitions: parameters, operators as arguments, LAMBDA, recursion, user-defined operators.
EXTENDS Integers, Sequences, FiniteSets

Twice(F(_), x) == F(F(x))
Inc(x) == x + 1
Apply2(Op(_, _), a, b) == Op(a, b)
ASSUME Twice(Inc, 1) = 3
ASSUME Twice(LAMBDA x : x * 2, 3) = 12
ASSUME Apply2(\in, 1, {1}) /\ Apply2(\o, <<1>>, <<2>>) = <<1, 2>>
ASSUME Apply2(+, 1, 2) = 3 /\ Apply2(-, 5, 2) = 3 /\ Apply2(\cup, {1}, {2}) = {1, 2}
ASSUME Apply2(LAMBDA a, b : <<b, a>>, 1, 2) = <<2, 1>>
a \prec b == a < b
a ++ b == a + b + 1
x %% y == x * 10 + y
ASSUME 1 \prec 2 /\ ~(2 \prec 1)
ASSUME 1 ++ 2 = 4 /\ (1 ++ 2) ++ 3 = 8
ASSUME 1 %% 2 = 12
Post ^+ == Post + 100
ASSUME 5^+ = 105

a | b == b % a = 0
ASSUME 3 | 9 /\ ~(3 | 10)
RECURSIVE Gcd(_, _)
Gcd(m, n) == IF n = 0 THEN m ELSE Gcd(n, m % n)
ASSUME Gcd(48, 36) = 12
RECURSIVE IsEven(_), IsOdd(_)
IsEven(n) == IF n = 0 THEN TRUE ELSE IsOdd(n - 1)
IsOdd(n) == IF n = 0 THEN FALSE ELSE IsEven(n - 1)
ASSUME IsEven(20) /\ IsOdd(77)
RECURSIVE Map(_, _)
Map(F(_), q) == IF q = <<>> THEN <<>> ELSE <<F(Head(q))>> \o Map(F, Tail(q))
ASSUME Map(LAMBDA x : x * x, <<1, 2, 3>>) = <<1, 4, 9>>
RECURSIVE SetSum(_)
SetSum(S) == IF S = {} THEN 0 ELSE LET e == CHOOSE e \in S : TRUE IN e + SetSum(S \ {e})
ASSUME SetSum(1..10) = 55
\* The names bound where a LAMBDA stands are its own.
ASSUME LET k == 10 IN Twice(LAMBDA x : x + k, 1) = 21
ASSUME \A k \in 1..3 : Twice(LAMBDA x : x + k, 0) = 2 * k
ASSUME {Twice(LAMBDA x : x + k, 0) : k \in 1..2} = {2, 4}
Compose(F(_), G(_), x) == F(G(x))
ASSUME Compose(Inc, LAMBDA x : x * 5, 2) = 11
ASSUME LET local(x) == Inc(x) * 2 IN Twice(local, 1) = 10
ASSUME LET F(G(_), x) == G(x) + G(x) IN F(Inc, 1) = 4
Const(x) == 7
ASSUME Const(1 \div 0) = 7
Depth == LET RECURSIVE down(_) down(n) == IF n = 0 THEN 0 ELSE 1 + down(n - 1) IN down(100)
ASSUME Depth = 100
ASSUME LET \* two of the same name, one inside the other's definition
         n == 1
         m == LET n2 == n + 1 IN n2 * n2
       IN m = 4
\* Operators of the language as arguments, through parameters.
OnSets(F(_)) == F({{1}, {2, 3}})
OnTwo(F(_, _)) == F({1, 2}, {2})
ASSUME OnSets(UNION) = 1..3 /\ Cardinality(OnSets(SUBSET)) = 4
ASSUME OnTwo(\cup) = {1, 2} /\ OnTwo(\) = {1} /\ ~OnTwo(\subseteq)
Through(F(_)) == OnSets(F)
ASSUME Through(UNION) = 1..3
====
