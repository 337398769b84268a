---- MODULE Dropped ----
\* Successors that a constraint excludes are counted up to the state at fault, and no further.
EXTENDS Integers
VARIABLES x, y
Init == x = 0 /\ y = 0
Next == \/ x' = x + 1 /\ y' \in {y - 1, y, y + 1}
        \/ x' = x + 10 /\ y' = y
        \/ x' = x - 1 /\ y' = y
In == y >= 0 /\ x < 9
Small == y < 3
Partly == y = 0 /\ (x' = x + 1 \/ (x' = 5 /\ y' = 7 /\ x = 2))
Partial == /\ Partly
           /\ x = 2 \/ y' = 0
====
