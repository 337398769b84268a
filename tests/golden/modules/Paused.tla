------------------------------- MODULE Paused -------------------------------
\* SPDX-License-Identifier: MIT
\* input: on
\* out: Press enter to resume model checking.
\* out: 4 states generated, 4 distinct states found, 0 states left on queue.
EXTENDS Integers, TLC

VARIABLE x

Init == x = 0
Next == x < 3 /\ x' = x + 1 /\ TLCSet("pause", x = 2) /\ TLCSet("exit", FALSE)
=============================================================================
