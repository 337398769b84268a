\* SPDX-License-Identifier: MIT
\* Names by which proofs call on TLAPS's provers. Proofs are not checked here, so they only have to
\* be there.
---- MODULE TLAPS ----
SMT == TRUE
CVC3 == TRUE
CVC4 == TRUE
Yices == TRUE
veriT == TRUE
Z3 == TRUE
Spass == TRUE
LS4 == TRUE
PTL == TRUE
Zenon == TRUE
SlowZenon == TRUE
SlowerZenon == TRUE
VerySlowZenon == TRUE
SlowestZenon == TRUE
Auto == TRUE
Blast == TRUE
Force == TRUE
AutoBlast == TRUE
Isa == TRUE
AllProvers == TRUE
AllSMT == TRUE
AllIsa == TRUE
PropositionalTemporalLogic == TRUE
Cooper == TRUE
SimpleArithmetic == TRUE
SimplifyAndSolve == TRUE
Simplification == TRUE
NormalizedSimplification == TRUE
CooperArithmetic == TRUE
SMTT(X) == TRUE
CVC3T(X) == TRUE
CVC4T(X) == TRUE
YicesT(X) == TRUE
veriTT(X) == TRUE
Z3T(X) == TRUE
SpassT(X) == TRUE
ZenonT(X) == TRUE
IsaT(X) == TRUE
IsaM(X) == TRUE
IsaMT(X, Y) == TRUE
AllProversT(X) == TRUE
AllSMTT(X) == TRUE
AllIsaT(X) == TRUE

THEOREM SetExtensionality == \A S, T : (\A x : x \in S <=> x \in T) => S = T
THEOREM NoSetContainsEverything == \A S : \E x : x \notin S
====
