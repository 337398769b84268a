---- MODULE Brought ----
EXTENDS FiniteSets
ASSUME IsFiniteSet({"a", "b"}) /\ Cardinality({"a", "b"}) = 2
AXIOM \A S, T : IsFiniteSet(T) /\ S \subseteq T => IsFiniteSet(S)
====
