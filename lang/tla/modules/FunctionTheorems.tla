\* SPDX-License-Identifier: MIT
\* Facts about functions. Proofs refer to it by name only; it has nothing to evaluate.
---- MODULE FunctionTheorems ----
EXTENDS Functions, Integers
====
