\* SPDX-License-Identifier: MIT
\* Facts about sequences. Proofs refer to it by name only; it has nothing to evaluate.
---- MODULE SequenceTheorems ----
EXTENDS Sequences, Functions, WellFoundedInduction
====
