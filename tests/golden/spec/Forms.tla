---- MODULE Forms ----
\* Equal values are printed as they were written.
EXTENDS Integers, TLC
CONSTANT P
VARIABLES a, b, c, d
Q == 1..3
Init == a = Q /\ b = {3, 1, 2} /\ c = <<P, Q>> /\ d = 0
Next == /\ d' = d + 1
        /\ \/ d = 0 /\ a' = P /\ b' = Q /\ c' = [x \in 1..2 |-> {1..3, {2}}]
           \/ d = 1 /\ a' = SUBSET {1, 2} /\ b' = SUBSET (1..7) /\ UNCHANGED c
           \/ d = 2 /\ a' = [1..2 -> P] /\ b' = b /\ c' = [x |-> Q, y |-> Q \cup {2}]
           \/ d = 3 /\ a' = DOMAIN <<1, 2>> /\ b' = {x \in Q : TRUE} /\ c' = 1..0
Last == d < 4
Shown == [p |-> P, q |-> Q, b |-> b]
ASSUME Print(Q, TRUE) /\ PrintT([Q -> {1}]) /\ PrintT({s \in SUBSET Q : 1 \in s})
ASSUME PrintT([x \in {5} |-> Q]) /\ PrintT(ToString(Q)) /\ PrintT((SUBSET {1}) \cup {{2}})
====
