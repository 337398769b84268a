---- MODULE Fence ----
\* SPDX-License-Identifier: MIT
\* States that are left out: by constraints of states and of steps, and by conjuncts behind values.
EXTENDS Naturals
VARIABLES x, y
Init == x \in {0, 7} /\ y = 0
Up == x' = x + 1 /\ y' = y /\ x' # 2
Side == /\ y' = y + 1
        /\ x' = x
        /\ y' < 2
Next == Up \/ Side
Small == x < 4
Few == y < 3
Act == x' # 1 \/ y' = 0
Sum == [x |-> x, sum |-> x + y]
====
