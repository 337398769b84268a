\* SPDX-License-Identifier: MIT
\* The fold that the other folds are made of: elements leave the set one by one, as choose says,
\* and what op makes of the rest is handed outwards.
---- MODULE Folds ----
MapThenFoldSet(op(_, _), base, f(_), choose(_), S) ==
  LET Fold[T \in SUBSET S] ==
        IF T = {} THEN base
        ELSE LET e == choose(T) IN op(f(e), Fold[T \ {e}])
  IN  Fold[S]
====
