---- MODULE FiniteSets ----
\* A copy of the standard module, as specifications of proofs bring it: it cannot be evaluated.
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
IsFiniteSet(S) == \E seq \in Seq(S) : \A s \in S : \E n \in 1..Len(seq) : seq[n] = s
Cardinality(S) == CHOOSE n : n \in Nat
====
