\* SPDX-License-Identifier: MIT
\* Which sets are finite, and how many elements they have.
---- MODULE FiniteSets ----
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences

IsFiniteSet(S) == \E s \in Seq(S) : \A e \in S : \E i \in 1..Len(s) : s[i] = e

Cardinality(S) ==
  LET Size[T \in SUBSET S] ==
        IF T = {} THEN 0 ELSE 1 + Size[T \ {CHOOSE e \in T : TRUE}]
  IN  Size[S]
====
