---- MODULE Round ----
\* SPDX-License-Identifier: MIT
\* Six steps round and round: invariants that fail in several states, a property in several steps.
EXTENDS Naturals
VARIABLES x, y
Init == x \in 0..1 /\ y = 0
Next == x' = (x + 1) % 6 /\ y' \in {y, 1 - y}
Inv == x # 3
Inv2 == ~(x = 3 /\ y = 1)
Inv3 == x # 0
P == [][~(x = 4 /\ x' = 5)]_<<x,y>>
Spec == Init /\ [][Next]_<<x,y>>
====
