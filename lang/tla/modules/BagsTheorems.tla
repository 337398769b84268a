\* SPDX-License-Identifier: MIT
\* Facts about bags. Proofs refer to it by name only; it has nothing to evaluate.
---- MODULE BagsTheorems ----
EXTENDS Bags, FiniteSetTheorems, Integers
====
