\* SPDX-License-Identifier: MIT
\* Facts about graphs. Proofs refer to it by name only; it has nothing to evaluate.
---- MODULE GraphTheorems ----
EXTENDS Graphs
====
