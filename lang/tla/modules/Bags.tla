\* SPDX-License-Identifier: MIT
\* Bags: functions from elements to how often they are there, which is at least once.
---- MODULE Bags ----
EXTENDS TLC
LOCAL INSTANCE Naturals

LOCAL Sum(f) ==
  LET Over[S \in SUBSET DOMAIN f] ==
        IF S = {} THEN 0
        ELSE LET e == CHOOSE e \in S : TRUE IN f[e] + Over[S \ {e}]
  IN  Over[DOMAIN f]

IsABag(B) == B \in [DOMAIN B -> {n \in Nat : n > 0}]

BagToSet(B) == DOMAIN B

SetToBag(S) == [e \in S |-> 1]

BagIn(e, B) == e \in BagToSet(B)

EmptyBag == SetToBag({})

CopiesIn(e, B) == IF BagIn(e, B) THEN B[e] ELSE 0

B1 (+) B2 == [e \in DOMAIN B1 \cup DOMAIN B2 |-> CopiesIn(e, B1) + CopiesIn(e, B2)]

B1 (-) B2 ==
  [e \in {d \in DOMAIN B1 : B1[d] > CopiesIn(d, B2)} |-> B1[e] - CopiesIn(e, B2)]

BagUnion(S) ==
  [e \in UNION {BagToSet(B) : B \in S} |-> Sum([B \in S |-> CopiesIn(e, B)])]

B1 \sqsubseteq B2 == DOMAIN B1 \subseteq DOMAIN B2 /\ \A e \in DOMAIN B1 : B1[e] \leq B2[e]

SubBag(B) ==
  LET Counts(S) == {f \in [S -> UNION {1..B[e] : e \in S}] : \A e \in S : f[e] \leq B[e]}
  IN  UNION {Counts(S) : S \in SUBSET DOMAIN B}

BagOfAll(F(_), B) ==
  [e \in {F(d) : d \in BagToSet(B)} |->
     Sum([d \in BagToSet(B) |-> IF F(d) = e THEN B[d] ELSE 0])]

BagCardinality(B) == Sum(B)
====
