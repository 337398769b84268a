---- MODULE Refined ----
\* A refinement through an instance: primes under substitution.
EXTENDS Naturals
VARIABLES hi, lo
---- MODULE Clock ----
EXTENDS Naturals
VARIABLE t
TInit == t = 0
Tick == t' = (t + 1) % 16
Quiet == UNCHANGED t
TSpec == TInit /\ [][Tick]_t
====
Init == hi = 0 /\ lo = 0
Next == \/ lo < 3 /\ lo' = lo + 1 /\ hi' = hi
        \/ lo = 3 /\ lo' = 0 /\ hi' = (hi + 1) % 4
C == INSTANCE Clock WITH t <- 4 * hi + lo
Refines == C!TSpec
Spec == Init /\ [][Next]_<<hi, lo>>
====
