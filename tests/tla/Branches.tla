---- MODULE Branches ----
\* Which successors an action has, and how often each: disjunctions, quantifiers, IF, CASE, LET,
\* =>, \subseteq, primed tests, arguments that are actions, functions of actions.
EXTENDS Naturals, FiniteSets
VARIABLES x, y, s
vars == <<x, y, s>>
Either(v, w) == (v = 0 \/ v = 1) /\ w = 1 - v
Init == (Either(x, y) \/ (x = 0 /\ y = 0)) /\ s = {}
Set(v, e) == v = e
Maybe(A, B) == A \/ B
Up == x < 3 /\ Set(x', x + 1) /\ UNCHANGED <<y, s>>
Both == \/ y' = 1 - y /\ x' = x /\ s' = s
        \/ \E d \in {0, 1} : y' = d /\ UNCHANGED <<x, s>>
Branch == /\ x = 2
          /\ IF y = 0 THEN s' = s \cup {1} ELSE s' \in SUBSET {1, 2}
          /\ UNCHANGED <<x, y>>
Cased == CASE x = 3 /\ s = {} -> x' = 0 /\ UNCHANGED <<y, s>>
           [] x = 3 -> s' \subseteq s /\ UNCHANGED <<x, y>>
           [] OTHER -> FALSE
Implied == /\ x = 1
           /\ (y = 1) => \/ s' = {} \/ s' = {2}
           /\ (y = 0) => s' = s
           /\ UNCHANGED <<x, y>>
Twice == LET again == Maybe(x' = x, x' = 0) IN x = 1 /\ again /\ UNCHANGED <<y, s>>
Act == [i \in {1, 2} |-> x = i /\ y' = (y + i) % 2 /\ UNCHANGED <<x, s>>]
Guarded == (y = 0 \/ x = 0) /\ x < 2 /\ x' = x + 2 /\ UNCHANGED <<y, s>>
Late == x = 0 /\ x' = 1 /\ y' = y /\ s' = s /\ (y' = 0 \/ x = 0)
Every == \A i \in {1, 2} : (i = 1 => x' = x) /\ (i = 2 => y' = y /\ s' = {i})
Afterwards(v, w) == (v = 0 \/ v = 1) /\ s' = s /\ (w = 0 \/ w = 1) /\ v + w = 1
Next == Up \/ Both \/ Branch \/ Cased \/ Implied \/ Twice \/ (\E i \in 1..2 : Act[i]) \/ Guarded
        \/ Late \/ (x = 2 /\ Every) \/ (x = 3 /\ Either(x', y') /\ s' = s)
        \/ (x = 2 /\ Afterwards(x', y'))
TypeOK == x \in 0..3 /\ y \in 0..1 /\ s \subseteq {1, 2}
Spec == Init /\ [][Next]_vars
====
