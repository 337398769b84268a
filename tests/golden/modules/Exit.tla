-------------------------------- MODULE Exit --------------------------------
\* SPDX-License-Identifier: MIT
\* A specification that has enough: the search ends, and the postcondition is looked at.
\* out: "enough"
\* out: Model checking completed. No error has been found.
EXTENDS Integers, TLC

VARIABLE x

Init == x = 0
Next == x' = x + 1 /\ (x < 1000 \/ TLCSet("exit", TRUE))
AtEnd == PrintT("enough") /\ TLCGet("distinct") > 1000
=============================================================================
