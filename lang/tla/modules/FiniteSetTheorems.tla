\* SPDX-License-Identifier: MIT
\* Facts about finite sets. Proofs refer to it by name only; it has nothing to evaluate.
---- MODULE FiniteSetTheorems ----
EXTENDS FiniteSets, Sequences, FunctionTheorems, WellFoundedInduction
====
