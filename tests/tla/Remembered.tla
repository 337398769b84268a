---- MODULE Remembered ----
\* What an expression's value depends on: an evaluator that remembers values by that, or takes them
\* out of loops, has to see all of it.
EXTENDS Naturals, FiniteSets, Sequences
VARIABLES a, b, f
vars == <<a, b, f>>
D == 0..2
RECURSIVE Sum(_, _)
Sum(g, S) == IF S = {} THEN 0 ELSE LET x == CHOOSE x \in S : TRUE IN g[x] + Sum(g, S \ {x})
RECURSIVE Even(_), Odd(_)
Even(n) == IF n = 0 THEN a = a ELSE Odd(n - 1)
Odd(n) == IF n = 0 THEN a # a ELSE Even(n - 1)
Total == Sum(f, D)
Apply(Op(_), x) == Op(x)
Each(Op(_)) == {Apply(Op, x) : x \in D}
Big == {x \in D : f[x] > a}
Level == LET big == Big
             more(n) == Cardinality(big) + n
         IN [x \in D |-> more(x) + b]
Init == a = 0 /\ b \in {0, 1} /\ f = [x \in D |-> 0]
Raise(x) == f[x] < 2 /\ f' = [f EXCEPT ![x] = @ + 1] /\ UNCHANGED <<a, b>>
Next == \/ \E x \in D : Raise(x)
        \/ a < 2 /\ a' = a + 1 /\ b' = 1 - b /\ f' = [x \in D |-> IF x \in Big THEN 0 ELSE f[x]]
        \/ Total > 3 /\ (\E x \in D : f[x] = 2) /\ b' = 1 - b /\ UNCHANGED <<a, f>>
\* Each of these says the same thing in two ways: one names it, one reads the variables at once.
Totals == Total = f[0] + f[1] + f[2]
Levels == \A x \in D : Level[x] = Cardinality({y \in D : f[y] > a}) + x + b
Nested == \A x \in D : LET g == f[x] IN \A y \in D : LET h == g + y IN
                          Sum([z \in D |-> h + z], D) = 3 * (f[x] + y) + 3
Given == \A k \in D : Each(LAMBDA x : f[x] + k + b) = {f[x] + k + b : x \in D}
Parity == \A n \in 0..4 : Even(n) <=> (n % 2 = 0)
Able == \A x \in D : (ENABLED Raise(x)) <=> f[x] < 2
Taken == \A x \in {1, 2} : LET s == {1, 2} IN LET t == s \ {x} IN \A y \in t : y # x /\ a < 3
Steps == [][/\ Total' = f'[0] + f'[1] + f'[2]
            /\ Level' = [x \in D |-> Cardinality({y \in D : f'[y] > a'}) + x + b']
            /\ Total' - Total <= 1 /\ (Total' > Total => a' = a)
            /\ LET was == Total IN (was' # was) => f' # f]_vars
Spec == Init /\ [][Next]_vars
====
