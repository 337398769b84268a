---- MODULE Gap ----
\* SPDX-License-Identifier: MIT
\* A step that gives not all variables a value, by an action with an argument.
EXTENDS Naturals
VARIABLES x, y, z
Init == x = 0 /\ y = 0 /\ z = <<1>>
Up == x < 2 /\ x' = x + 1 /\ UNCHANGED <<y, z>>
Jump(n) == x = 1 /\ z' = <<n>> /\ x' = 7
Next == Up \/ \E n \in 1..2 : Jump(n)
====
