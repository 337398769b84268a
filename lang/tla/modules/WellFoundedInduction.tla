\* SPDX-License-Identifier: MIT
\* What proofs by well-founded induction refer to. Relations are sets of pairs.
---- MODULE WellFoundedInduction ----
EXTENDS NaturalsInduction

IsTransitivelyClosedOn(R, S) ==
  \A i, j, k \in S : <<i, j>> \in R /\ <<j, k>> \in R => <<i, k>> \in R
IsWellFoundedOn(R, S) == ~ \E f \in [Nat -> S] : \A n \in Nat : <<f[n + 1], f[n]>> \in R
SetLessThan(s, R, S) == {t \in S : <<t, s>> \in R}
WFDefOn(R, S, Def(_, _)) ==
  \A g, h : \A s \in S :
    (\A t \in SetLessThan(s, R, S) : g[t] = h[t]) => Def(g, s) = Def(h, s)
OpDefinesFcn(f, S, Def(_, _)) == f = CHOOSE g : g = [s \in S |-> Def(g, s)]
WFInductiveDefines(f, S, Def(_, _)) == f = [s \in S |-> Def(f, s)]
WFInductiveUnique(S, Def(_, _)) ==
  \A g, h : WFInductiveDefines(g, S, Def) /\ WFInductiveDefines(h, S, Def) => g = h
TransitiveClosureOn(R, S) ==
  {p \in S \X S : \A U \in SUBSET (S \X S) :
                    R \cap (S \X S) \subseteq U /\ IsTransitivelyClosedOn(U, S) => p \in U}
OpToRel(_ \prec _, S) == {p \in S \X S : p[1] \prec p[2]}
PreImage(f(_), S, R) == {p \in S \X S : <<f(p[1]), f(p[2])>> \in R}
LexPairOrdering(R1, R2, S1, S2) ==
  {p \in (S1 \X S2) \X (S1 \X S2) :
     \/ <<p[1][1], p[2][1]>> \in R1
     \/ p[1][1] = p[2][1] /\ <<p[1][2], p[2][2]>> \in R2}
FiniteSubsetsOf(S) == {T \in SUBSET S : \E n \in Nat : \E f \in [1..n -> T] : \A t \in T : \E i \in 1..n : f[i] = t}
StrictSubsetOrdering(S) == {p \in (SUBSET S) \X (SUBSET S) : p[1] \subseteq p[2] /\ p[1] # p[2]}
====
