\* SPDX-License-Identifier: MIT
\* The natural numbers. What stands for a value here, CHOOSE v : TRUE, is given by the evaluator.
---- MODULE Naturals ----
LOCAL Given == CHOOSE v : TRUE

Nat == Given

a + b == Given
a - b == Given
a * b == Given
a ^ b == Given
a \div b == Given
a % b == Given
a < b == Given
a > b == b < a
a \leq b == Given
a \geq b == b \leq a
a .. b == {i \in Nat : a \leq i /\ i \leq b}
====
