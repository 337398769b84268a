---- MODULE Orders ----
\* The order in which TLC goes through what it chooses from: which state is found first, and how many
\* were made before, depends on it. Each configuration stops at a state that another order would find
\* earlier or later.
EXTENDS Integers, Sequences, FiniteSets
VARIABLES x, y, z
vars == <<x, y, z>>

Init == x = 0 /\ y = 0 /\ z = {}

\* The first of several names turns fastest.
Pairs == \E i, j \in 1..3, k \in 5..6 : x' = i /\ y' = j /\ z' = {k}
NoPairs == <<x, y>> # <<1, 2>>

\* \A: its first element, then the last, ..., the second.
ForAll == \A i \in 1..3 : CASE i = 1 -> x' \in 0..1
                            [] i = 2 -> y' \in 0..1
                            [] i = 3 -> z' \in {{0}, {1}}
NoForAll == <<x, y, z>> # <<0, 0, {1}>>

\* A union of what is not evaluated: one operand after the other, what is in both twice.
Union == z' \in (SUBSET {1, 2}) \cup {{3}, {1}} /\ UNCHANGED <<x, y>>
NoUnion == z # {2}
\* But names are bound to its elements in ascending order.
Records == \E r \in [a : {3}, b : 1..2] \cup [a : 1..2, b : {1}] : x' = r.a /\ y' = r.b /\ z' = {}
NoRecords == <<x, y>> # <<2, 1>>
Others == \/ z' \in (SUBSET {1, 2, 3}) \ (SUBSET {1, 2}) /\ UNCHANGED <<x, y>>
          \/ z' \in (SUBSET {1, 2, 3}) \cap (SUBSET {2, 3}) /\ UNCHANGED <<x, y>>
          \/ z' \in {s \in SUBSET {1, 2, 3} : 2 \in s} /\ UNCHANGED <<x, y>>
          \/ \E f \in [{1, 2} -> (SUBSET {1}) \cup {{2}}] : z' = f[1] /\ x' = Cardinality(f[2]) /\ y' = 7
NoOthers == y = 7 => x = 1

\* A variable as an argument is looked at anew for each value that it is given.
Is(v, set) == v \in set /\ v > 1
Start == \/ \E n \in 1..2 : x = n /\ Is(x, {n}) /\ y = 0 /\ z = {}
         \/ Is(x, 1..3) /\ y = 1 /\ z = {}
Move(v) == \/ \E n \in 1..3 : v = n /\ v # 2
           \/ v \in 3..6 /\ v % 2 = 0
Argument == Move(x') /\ UNCHANGED <<y, z>>
====
