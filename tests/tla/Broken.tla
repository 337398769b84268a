---- MODULE Broken ----
\* An expression that cannot be evaluated, three steps on.
EXTENDS Naturals
VARIABLE x
Init == x = 3
Next == x' = x - 1 /\ 6 \div x > 0
====
