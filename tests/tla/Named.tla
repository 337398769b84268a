---- MODULE Named ----
\* Variables are given values through names: definitions, instances, arguments, LET.
EXTENDS Integers
VARIABLES a, b, c
vars == <<a, b, c>>
---- MODULE Part ----
CONSTANT Fixed
VARIABLES v, w
Later == v'
Now == v
Start == Now \in 0..1 /\ w = Fixed
Move == Later = v + 1 /\ UNCHANGED <<w, Fixed>>
Keep == UNCHANGED <<v, <<w, v + w>>>>
====
One == 1
P == INSTANCE Part WITH v <- a, w <- b, Fixed <- One
Alias == c
Other == Alias
Init == P!Start /\ Other = 0
Primed == b'
Set(v, value) == v' = value
Pick(v, set) == v' \in set
Do(F(_), v) == F(v) /\ v < 3
Up(v) == v' = v + 1
Next == \/ P!Move /\ a < 3 /\ UNCHANGED c
        \/ P!Keep /\ Other' = (c + 1) % 3
        \/ Primed = 2 - b /\ UNCHANGED <<a, Alias>>
        \/ LET later == c' IN later = 0 /\ b < 2 /\ Set(a, 0) /\ Pick(b, {b, 1})
        \/ Do(Up, b) /\ Do(LAMBDA q : q' = q + b, a) /\ UNCHANGED <<Other, c>>
Possible == (a < 3) => ENABLED (P!Later = 3 /\ b' = 0)
Never == ~ENABLED (P!Later \in {})
====
