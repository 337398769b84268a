---- MODULE Lazy ----
\* Infinite and large sets, evaluated only as far as is asked for.
EXTENDS Integers, Sequences, FiniteSets

ASSUME 1 \in Nat /\ <<1, 2, 3>> \in Seq(Nat) /\ [a |-> 1] \in [a : Nat]
ASSUME [x \in 1..3 |-> x] \in [1..3 -> Nat]
ASSUME {1, 5} \in SUBSET Nat /\ (1..20) \in SUBSET (1..100)
ASSUME [x \in 1..30 |-> x % 2] \in [1..30 -> 0..1]
ASSUME <<1, <<"a">>>> \in Nat \X Seq(STRING)
ASSUME \E n \in 1..1000000 : n * n = 144
ASSUME (CHOOSE n \in 1..1000000 : n > 3) \in 4..1000000
sq[n \in Nat] == n * n
ASSUME sq[1000] = 1000000
ASSUME {x \in SUBSET (1..4) : Cardinality(x) = 4} = {1..4}
ASSUME 7 \in {x \in Int : x > 5} /\ [x \in 1..2 |-> {}] \in [1..2 -> SUBSET Nat]
ASSUME Cardinality(1..1000000) = 1000000
ASSUME Cardinality([1..10 -> 1..3]) = 59049
ASSUME (1..3 \in {s \in SUBSET (1..40) : 2 \in s})
ASSUME \A s \in {{}, {1}} : s \in SUBSET (1..50)
ASSUME [a |-> {1}, b |-> <<2>>] \in [a : SUBSET (1..60), b : Seq(1..60)]
\* What is not asked for may have no value.
ASSUME LET f == [s \in SUBSET (1..2) |-> CHOOSE e \in s : TRUE] IN f[{2}] = 2
ASSUME [s \in SUBSET (1..2) |-> CHOOSE e \in s : TRUE][{1}] = 1
ASSUME [n \in 0..3 |-> 6 \div n][2] = 3
Divided(a) == [n \in 0..3, m \in 0..a |-> a \div n]
ASSUME Divided(12)[3, 4] = 4
ASSUME LET g == [n \in 0..3 |-> 6 \div n] IN g[2] + g[3] = 5
ASSUME {1} \in {s \in SUBSET (1..2) : (CHOOSE e \in s : TRUE) = 1}
first == [s \in SUBSET (1..3) |-> IF s = {} THEN Nat ELSE {CHOOSE e \in s : TRUE}]
ASSUME first[{2, 3}] = {2}
\* Unions and the like of what is not evaluated are asked for membership only.
ASSUME {1} \in (SUBSET (1..50)) \cup {{77}} /\ {77} \in (SUBSET (1..50)) \cup {{77}}
ASSUME {60} \in (SUBSET (1..60)) \ (SUBSET (1..50))
ASSUME {5} \in (SUBSET (1..60)) \cap (SUBSET (1..50))
ASSUME Cardinality((SUBSET (1..3)) \cup (SUBSET (2..4))) = 12
ASSUME (SUBSET {1}) \cup (SUBSET {2}) = {{}, {1}, {2}} /\ (SUBSET {1, 2}) \cap (SUBSET {2}) = {{}, {2}}
ASSUME (SUBSET {1, 2}) \ (SUBSET {2}) = {{1}, {1, 2}} /\ ((SUBSET {1}) \cup {}) = {{}, {1}}
====
