---- MODULE Lazy ----
\* Infinite and large sets, evaluated only as far as is asked for.
EXTENDS Integers, Sequences, FiniteSets, Randomization

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
\* A function over an infinite set can be changed: at the arguments that are named.
succ == [i \in Nat |-> i + 1]
ASSUME [succ EXCEPT ![42] = 3][42] = 3 /\ [succ EXCEPT ![42] = 3][41] = 42
ASSUME [succ EXCEPT ![42] = 3, ![42] = @ + 2][42] = 5 /\ [succ EXCEPT ![7] = @ * 2][7] = 16
ASSUME [[i \in Int |-> [j \in Int |-> i * j]] EXCEPT ![3][4] = @ + 1][3][4] = 13
ASSUME [[i \in Int |-> [j \in Int |-> i * j]] EXCEPT ![3][4] = @ + 1][3][5] = 15
ASSUME [[i \in 1..4 |-> succ] EXCEPT ![3] = [j \in Nat |-> @[j] + 10]][3][7] = 18
ASSUME [succ EXCEPT ![-1] = 7][3] = 4
\* Sets of subsets are compared by what they are subsets of.
ASSUME SUBSET (1..60) \subseteq SUBSET (0..60) /\ ~(SUBSET (0..60) \subseteq SUBSET (1..60))
ASSUME SUBSET {} \subseteq SUBSET {1} /\ SUBSET {1} \subseteq SUBSET Nat
\* Some elements of sets that are too large to be made.
ASSUME LET s == RandomSubset(20, [1..12 -> 1..12]) IN Cardinality(s) = 20 /\ s \subseteq [1..12 -> 1..12]
ASSUME LET s == RandomSubset(50, SUBSET (1..22)) IN Cardinality(s) = 50 /\ s \subseteq SUBSET (1..22)
ASSUME LET S == [a : 1..4000, b : (1..300) \X {"x", "y"}]
           s == RandomSubset(9, S)
       IN Cardinality(s) = 9 /\ s \subseteq S
====
