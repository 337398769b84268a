---- MODULE Theorem ----
\* SPDX-License-Identifier: MIT
\* A specification and a property that are parts of a theorem, one of them with a label.
EXTENDS Naturals
VARIABLE x
Init == x \in 0..2
Next == x < 5 /\ x' = x + 1
Small == x < 6
THEOREM Whole == Init /\ [][Next]_x => []Small /\ [][x' = x + 1]_x
Named == (left:: Init /\ [][Next]_x) => Small
Spec == Whole!1
SpecOfLabel == Named!left
Stays == Whole!2!1
Counts == Whole!2!2
====
