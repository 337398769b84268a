\* SPDX-License-Identifier: MIT
\* Facts about further operators on sequences. Proofs refer to it by name only; it has nothing to
\* evaluate.
---- MODULE SequencesExtTheorems ----
EXTENDS Sequences, SequencesExt, Functions, Integers
====
