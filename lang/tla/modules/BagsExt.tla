\* SPDX-License-Identifier: MIT
\* Further operators on bags.
---- MODULE BagsExt ----
LOCAL INSTANCE Bags
LOCAL INSTANCE Integers
LOCAL INSTANCE Folds

BagAdd(B, x) == [e \in DOMAIN B \cup {x} |-> CopiesIn(e, B) + (IF e = x THEN 1 ELSE 0)]
BagRemoveAll(B, x) == [e \in DOMAIN B \ {x} |-> B[e]]
BagRemove(B, x) ==
  IF CopiesIn(x, B) \leq 1 THEN BagRemoveAll(B, x) ELSE [B EXCEPT ![x] = @ - 1]
MapThenFoldBag(op(_, _), base, f(_), choose(_), B) ==
  LET Fold[C \in SubBag(B)] ==
        IF DOMAIN C = {} THEN base
        ELSE LET e == choose(DOMAIN C) IN op(f(e), Fold[BagRemove(C, e)])
  IN  Fold[B]
FoldBag(op(_, _), base, B) ==
  MapThenFoldBag(op, base, LAMBDA x : x, LAMBDA S : CHOOSE x \in S : TRUE, B)
SumBag(B) == FoldBag(+, 0, B)
ProductBag(B) == FoldBag(LAMBDA x, y : x * y, 1, B)
====
