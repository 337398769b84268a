---- MODULE Inner ----
\* SPDX-License-Identifier: MIT
EXTENDS Naturals
VARIABLE v
CONSTANT C
Bump == /\ v < 5
        /\ v' = v + C
        /\ TRUE
====
