---- MODULE Coverage ----
\* What --coverage counts: every way in which an action goes on, definitions, functions, constraints.
EXTENDS Naturals, FiniteSets, Sequences
CONSTANT Max, Limit
VARIABLES x, y, set, seq
vars == <<x, y, set, seq>>
Small == 1
Least(a, b) == IF a < b THEN a ELSE b
Sum[s \in SUBSET (0..Max)] ==
	IF s = {} THEN 0 ELSE LET e == CHOOSE e \in s : TRUE IN e + Sum[s \ {e}]
Both(P(_), a, b) == P(a) /\ P(b)
RECURSIVE Count(_)
Count(n) == IF n = 0 THEN 0 ELSE 1 + Count(n - 1)
Init == /\ x \in {0, 1}
        /\ y = 0
        /\ set = {} /\ seq = <<>>
        /\ x # 1
Up == /\ x < Max
      /\ x' = Least(x + Small, Max)
      /\ UNCHANGED <<y, set, seq>>
Choose(n) == \/ /\ x = n
                /\ y' \in {0, 1}
                /\ UNCHANGED <<x, set, seq>>
             \/ /\ x > n
                /\ y' = n
                /\ set' = set \cup {n}
                /\ UNCHANGED <<x, seq>>
Record == LET next == [at |-> x, was |-> y]
          IN /\ Len(seq) < 1
             /\ seq' = Append(seq, next)
             /\ CASE y = 0 -> x' = 0
                  [] y = 1 -> x' = x
                  [] OTHER -> FALSE
             /\ UNCHANGED <<y, set>>
Change == /\ seq # <<>>
          /\ \E i \in 1..Len(seq) : seq' = [seq EXCEPT ![i].at = @ + 1, ![i].was = 0]
          /\ seq[1].at < 2
          /\ UNCHANGED <<x, y, set>>
Guarded == /\ (x = 2 => y = 1)
           /\ Both(LAMBDA v : v > 0, x, y)
           /\ \A n \in set : n < Max
           /\ x' = x - 1 /\ y' = 0
           /\ UNCHANGED set
           /\ UNCHANGED seq
Never == x > Max /\ UNCHANGED vars
Next == Up \/ (\E n \in 0..1 : Choose(n)) \/ Record \/ Change \/ Guarded \/ Never
Spec == Init /\ [][Next]_vars
TypeOK == /\ x \in 0..Max /\ y \in {0, 1}
          /\ set \subseteq 0..Max
          /\ \A i \in DOMAIN seq : seq[i] \in [at : Nat, was : {0, 1}]
Sums == Sum[set] + Count(x) >= 0
Open == ENABLED Up \/ x = Max
Bounded == Cardinality(set) <= Limit
Forward == y' >= y \/ x' # x
====
