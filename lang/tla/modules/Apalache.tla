\* SPDX-License-Identifier: MIT
\* What specifications written for Apalache use; for other tools each is its plain meaning.
---- MODULE Apalache ----
LOCAL INSTANCE Integers
LOCAL INSTANCE Sequences

__x := __e == __x = __e
Gen(__size) == {}
Guess(__S) == CHOOSE __e \in __S : TRUE
ConstCardinality(__cardExpr) == __cardExpr
Skolem(__e) == __e
Expand(__S) == __S
MkSeq(__len, __F(_)) == [__i \in 1..__len |-> __F(__i)]
FunAsSeq(__fn, __len, __capacity) == SubSeq(MkSeq(__capacity, LAMBDA i : __fn[i]), 1, __len)
SetAsFun(__S) ==
  LET Dom == {p[1] : p \in __S}
  IN  [x \in Dom |-> (CHOOSE p \in __S : p[1] = x)[2]]
Repeat(__F(_, _), __N, __x) ==
  LET After[n \in 0..__N] == IF n = 0 THEN __x ELSE __F(After[n - 1], n)
  IN  After[__N]
ApaFoldSet(__Op(_, _), __v, __S) ==
  LET Over[T \in SUBSET __S] ==
        IF T = {} THEN __v
        ELSE LET e == CHOOSE e \in T : TRUE IN __Op(Over[T \ {e}], e)
  IN  Over[__S]
ApaFoldSeqLeft(__Op(_, _), __v, __seq) ==
  LET Upto[n \in 0..Len(__seq)] == IF n = 0 THEN __v ELSE __Op(Upto[n - 1], __seq[n])
  IN  Upto[Len(__seq)]
====
