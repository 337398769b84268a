------------------------------- MODULE Picked -------------------------------
\* SPDX-License-Identifier: MIT
\* nodewise: TLC's question names the action
\* input: y
\* input: n
\* out: Extend behavior of length 1? (Yes/no):
\* out: Extend behavior of length 2? (Yes/no):
\* out: 3 states generated, 2 distinct states found, 0 states left on queue.
EXTENDS Integers, TLCExt

VARIABLE x

Init == x = 0
Next == x < 3 /\ x' = x + 1
Steps == PickSuccessor(FALSE)
=============================================================================
