---- MODULE Nested ----
\* SPDX-License-Identifier: MIT
\* Expressions without a value, deep inside of actions: what is told of where.
EXTENDS Naturals, Sequences
VARIABLES x, y
J(c) == INSTANCE Inner WITH v <- x, C <- c
Init == x = 0 /\ y = 0
Step == /\ x < 3
        /\ x' = x + 1
        /\ y' = y
Deep == /\ Step
        /\ IF x = 2
           THEN /\ y >= 0
                /\ Head(<<>>) = 1
           ELSE TRUE
NextDeep == Deep
NextInner == \/ Step
             \/ /\ x = 2
                /\ \E n \in 1..2 : /\ y' = n
                                   /\ J("z")!Bump
View == <<x, IF x = 2 THEN Head(<<>>) ELSE 0>>
====
