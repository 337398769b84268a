------------------------------- MODULE Chosen -------------------------------
(* Subsets chosen at random: never more than there are. *)
EXTENDS Integers, FiniteSets, Randomization

ASSUME RandomSubset(10, 1..8) = 1..8
ASSUME RandomSubset(0, 1..8) = {}
ASSUME LET S == RandomSubset(3, 1..8) IN S \subseteq 1..8 /\ Cardinality(S) = 3
=============================================================================
