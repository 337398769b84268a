\* SPDX-License-Identifier: MIT
\* Systems of sets of which any two meet.
---- MODULE Quorum ----
QuorumSystem(S) ==
  {Q \in SUBSET SUBSET S :
     /\ Q # {}
     /\ \A A, B \in Q : A \cap B # {}
     /\ \A A \in Q, B \in SUBSET S : A \subseteq B => B \in Q}
====
