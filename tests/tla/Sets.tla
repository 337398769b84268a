---- MODULE Sets ----
EXTENDS Integers, FiniteSets

ASSUME {1, 2, 2, 1} = {2, 1} /\ {} # {1} /\ {{}} # {}
ASSUME 1 \in {1, 2} /\ 3 \notin {1, 2} /\ {} \in {{}}
ASSUME {1, 2} \cup {2, 3} = 1..3 /\ {1, 2} \union {3} = 1..3
ASSUME {1, 2} \cap {2, 3} = {2} /\ {1} \intersect {2} = {}
ASSUME {1, 2, 3} \ {2} = {1, 3} /\ {} \ {1} = {}
ASSUME {1} \subseteq {1, 2} /\ {} \subseteq {} /\ ~({3} \subseteq {1, 2})
ASSUME SUBSET {} = {{}} /\ SUBSET {1} = {{}, {1}}
ASSUME SUBSET {1, 2} = {{}, {1}, {2}, {1, 2}}
ASSUME Cardinality(SUBSET (1..5)) = 32
ASSUME {1, 2} \in SUBSET {1, 2, 3} /\ {4} \notin SUBSET {1, 2, 3}
ASSUME {1, 2} \in SUBSET Nat /\ {-1} \notin SUBSET Nat
ASSUME UNION {{1}, {2, 3}, {}} = {1, 2, 3} /\ UNION {} = {}
ASSUME UNION SUBSET {1, 2} = {1, 2}
ASSUME {x \in 1..5 : x % 2 = 0} = {2, 4}
ASSUME {x * x : x \in -2..2} = {0, 1, 4}
ASSUME {x + y : x \in 1..2, y \in {10, 20}} = {11, 12, 21, 22}
ASSUME {x + y : x, y \in 1..2} = {2, 3, 4}
ASSUME {<<x, y>> \in (1..2) \X (1..2) : x < y} = {<<1, 2>>}
ASSUME {x + y : <<x, y>> \in {<<1, 2>>, <<3, 4>>}} = {3, 7}
ASSUME (1..2) \X {"a"} = {<<1, "a">>, <<2, "a">>}
ASSUME Cardinality((1..2) \X (1..3) \X (1..4)) = 24
ASSUME (1..2) \X (1..2) \X (1..2) # ((1..2) \X (1..2)) \X (1..2)
ASSUME <<1, 2, 3>> \in Nat \X Nat \X Nat /\ <<1, -2>> \notin Nat \X Nat
ASSUME (1..2) \times {} = {}
ASSUME Cardinality({}) = 0 /\ Cardinality({1, 1, 2}) = 2 /\ Cardinality(1..100) = 100
ASSUME IsFiniteSet({1, 2}) /\ IsFiniteSet(SUBSET (1..3))
ASSUME {{1, 2}, {2, 1}} = {{1, 2}}
ASSUME {1..3, {3, 2, 1}} = {1..3}
ASSUME \A S \in SUBSET (1..3) : \A T \in SUBSET (1..3) : (S = T) <=> (S \subseteq T /\ T \subseteq S)
ASSUME \A S, T \in SUBSET (1..3) : Cardinality(S \cup T) = Cardinality(S) + Cardinality(T) - Cardinality(S \cap T)
ASSUME \A S, T \in SUBSET (1..3) : (1..3) \ (S \cup T) = ((1..3) \ S) \cap ((1..3) \ T)
ASSUME 5 \in {n \in Nat : n > 3} /\ 2 \notin {n \in Nat : n > 3}
ASSUME 5 \in Nat \ {4} /\ 4 \notin Nat \ {4}
ASSUME 5 \in (Nat \cup {-1}) /\ -1 \in (Nat \cup {-1}) /\ -2 \notin (Nat \cup {-1})
ASSUME Nat \cap (-3..3) = 0..3
ASSUME {{x} : x \in 1..2} = {{1}, {2}}
====
