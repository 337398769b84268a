---- MODULE Own ----
EXTENDS Integers
CONSTANT Limit
VARIABLE n
Init == n = 0
Next == n < Limit /\ n' = n + 1
Small == n < 3
====
---- CONFIG Other ----
INIT Nobody
====
-----   CONFIG Own	-----
\* What the module is checked with.
CONSTANT Limit = 7
INIT Init
NEXT Next
INVARIANT Small
====
INVARIANT Nobody
