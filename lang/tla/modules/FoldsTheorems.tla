\* SPDX-License-Identifier: MIT
\* Facts about folds. Proofs refer to it by name only; it has nothing to evaluate.
---- MODULE FoldsTheorems ----
EXTENDS Folds, FiniteSets
====
