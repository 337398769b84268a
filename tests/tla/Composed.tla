---- MODULE Composed ----
\* A \cdot B: a step of A, then one of B. States between are counted, too.
EXTENDS Integers
VARIABLES x, y
vars == <<x, y>>
Init == x = 0 /\ y \in 1..2
Add(set) == \E n \in set : x' = x + n
Twice(v) == v' = v + v
\* Where y has its value already it stands still in between.
Whole == /\ x < 6
         /\ UNCHANGED y
         /\ Add({1, 2}) \cdot Add({3}) \cdot Twice(x)
\* The rest of the conjunction belongs to both halves.
Part == /\ x < 6
        /\ Add({1}) \cdot (x' = x + y)
        /\ y' \in {y, 3 - y}
Changing == x < 6 /\ (x' = x + 1 /\ y' = 3 - y) \cdot (x' = x + y /\ y' = y)
Next == Whole \/ Part \/ Changing
CanMove == x < 6 => ENABLED (Add({1}) \cdot Add({2}))
Steps == [][~((x' = x + 9) \cdot (x' = x /\ y' = y))]_vars
====
