\* SPDX-License-Identifier: MIT
\* Tests of distributions. What stands for a value here, CHOOSE v : TRUE, is given by the
\* evaluator.
---- MODULE Statistics ----
EXTENDS Naturals

ChiSquare(expected, actual, alpha) == CHOOSE v : TRUE
====
