---- MODULE Violated ----
\* The invariant fails in the seventh state of the only behaviour.
EXTENDS Naturals
VARIABLES x, y
Init == x = 0 /\ y = <<>>
Next == x' = x + 1 /\ y' = <<x, y>>
Inv == x # 6
====
