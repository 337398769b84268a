---- MODULE Given ----
\* Operators that the configuration gives: by their values, and by others.
EXTENDS Naturals
CONSTANTS F(_), G(_, _), _ ++ _, Plain, _ \o _
VARIABLE x
Add(m, n) == (m + n) % 5
Apply(Op(_), n) == Op(n)
Init == x = 0
Next == \/ x' = F(x)
        \/ x' = Apply(F, x) ++ 1
        \/ x < 2 /\ x' = G(x, Plain)
        \/ x' = x \o 0
Spec == Init /\ [][Next]_x
Small == x < 5
====
