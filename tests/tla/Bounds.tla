---- MODULE Bounds ----
\* Constraints, an action constraint, a view, TLCGet("level"), a step property, implied init.
EXTENDS Naturals, TLC
VARIABLES n, ghost
Init == n = 0 /\ ghost = 0
Next == \/ n' = n + 1 /\ ghost' = ghost + 1
        \/ n' = n + 2 /\ ghost' = ghost
        \/ n > 0 /\ n' = n - 1 /\ ghost' = 0
Bound == n <= 20
Steps == n' # 13
View == n
Inv == TLCGet("level") <= 22
Prop == n = 0 /\ [][n' <= n + 2]_n
Spec == Init /\ [][Next]_<<n, ghost>>
====
