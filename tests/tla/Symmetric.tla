---- MODULE Symmetric ----
\* Model values, sets of them in the configuration, symmetry, ENABLED, an operator put in place.
EXTENDS Naturals, TLC, FiniteSets
CONSTANTS Proc, Nobody, Limit, Cost(_)
VARIABLES owner, count
Init == owner = Nobody /\ count = [p \in Proc |-> 0]
Take(p) == owner = Nobody /\ owner' = p /\ count[p] < Limit
           /\ count' = [count EXCEPT ![p] = @ + Cost(p)]
Give(p) == owner = p /\ owner' = Nobody /\ UNCHANGED count
Next == \E p \in Proc : Take(p) \/ Give(p)
Inv == /\ owner \in Proc \cup {Nobody}
       /\ (owner # Nobody) = ENABLED (\E p \in Proc : Give(p))
       /\ \A p \in Proc : ENABLED Take(p) <=> owner = Nobody /\ count[p] < Limit
One(p) == 1
Perms == Permutations(Proc)
Small == 2
====
