---- MODULE Deadlock ----
EXTENDS Naturals
VARIABLE x
Init == x \in 0..2
Next == x < 5 /\ x' = x + 1
====
