\* SPDX-License-Identifier: MIT
\* The real numbers. TLC knows of them only that Real holds the integers; so does the evaluator.
\* What stands for a value here, CHOOSE v : TRUE, is given by the evaluator.
---- MODULE Reals ----
EXTENDS Integers

Real == CHOOSE v : TRUE

a / b == CHOOSE q \in Real : q * b = a

Infinity == CHOOSE i : i \notin Real /\ \A r \in Real : i > r
====
