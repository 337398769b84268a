\* SPDX-License-Identifier: MIT
\* The integers: negative numbers beside the natural ones. What stands for a value here, CHOOSE v :
\* TRUE, is given by the evaluator.
---- MODULE Integers ----
EXTENDS Naturals

Int == CHOOSE v : TRUE

-. a == 0 - a
====
