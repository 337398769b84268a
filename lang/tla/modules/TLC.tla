\* SPDX-License-Identifier: MIT
\* What specifications ask of the checker itself. What stands for a value here, CHOOSE v : TRUE, is
\* given by the evaluator.
---- MODULE TLC ----
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
LOCAL INSTANCE FiniteSets

LOCAL Given == CHOOSE v : TRUE

Print(out, val) == val
PrintT(out) == TRUE
Assert(val, out) == IF val = TRUE THEN TRUE ELSE Given
JavaTime == Given
TLCGet(i) == Given
TLCSet(i, v) == TRUE
RandomElement(S) == CHOOSE e \in S : TRUE
Any == Given
ToString(v) == Given
TLCEval(v) == v

d :> e == [x \in {d} |-> e]

f @@ g == [x \in DOMAIN f \cup DOMAIN g |-> IF x \in DOMAIN f THEN f[x] ELSE g[x]]

Permutations(S) == {f \in [S -> S] : \A t \in S : \E s \in S : f[s] = t}

SortSeq(s, Op(_, _)) ==
  LET Order == CHOOSE p \in Permutations(1..Len(s)) :
                 \A i, j \in 1..Len(s) :
                   i < j => Op(s[p[i]], s[p[j]]) \/ s[p[i]] = s[p[j]]
  IN  [i \in 1..Len(s) |-> s[Order[i]]]
====
