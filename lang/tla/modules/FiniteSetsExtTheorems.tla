\* SPDX-License-Identifier: MIT
\* Facts about further operators on finite sets. Proofs refer to it by name only; it has nothing to
\* evaluate.
---- MODULE FiniteSetsExtTheorems ----
EXTENDS FiniteSetsExt, FiniteSets
====
