---- MODULE Records ----
EXTENDS Naturals, FiniteSets

r == [a |-> 1, b |-> "x"]

ASSUME r.a = 1 /\ r["b"] = "x" /\ DOMAIN r = {"a", "b"}
ASSUME r = [b |-> "x", a |-> 1] /\ r # [a |-> 1] /\ r # [a |-> 2, b |-> "x"]
ASSUME [r EXCEPT !.a = 5].a = 5 /\ [r EXCEPT !.a = @ + 1, !.b = "y"] = [a |-> 2, b |-> "y"]
ASSUME [r EXCEPT !["a"] = 3].a = 3
ASSUME [x |-> [y |-> [z |-> 1]]].x.y.z = 1
ASSUME [[x |-> [y |-> 1]] EXCEPT !.x.y = @ + 1] = [x |-> [y |-> 2]]
ASSUME [[x |-> <<1, 2>>] EXCEPT !.x[2] = 7].x = <<1, 7>>
ASSUME r \in [a : Nat, b : STRING] /\ r \notin [a : Nat] /\ r \notin [a : {2}, b : STRING]
ASSUME [a : {1, 2}, b : {3}] = {[a |-> 1, b |-> 3], [a |-> 2, b |-> 3]}
ASSUME Cardinality([a : 1..3, b : 1..4]) = 12
ASSUME [a : {}] = {}
ASSUME [x \in {"a", "b"} |-> IF x = "a" THEN 1 ELSE "x"] = r
ASSUME \A m \in [k : {"p", "q"}, v : 1..2] : m.k \in STRING /\ m.v < 3
ASSUME {m.v : m \in [k : {"p"}, v : 1..2]} = 1..2
ASSUME [r EXCEPT !.a = [c |-> @]].a.c = 1
ASSUME [type |-> "x"].type = "x"
ASSUME LET s == [r EXCEPT !.a = 9] IN r.a = 1 /\ s.a = 9
\* In the order of values the fields' names come first, then what they are.
ASSUME (CHOOSE m \in {[a |-> 1, c |-> 0], [a |-> 2, b |-> 0]} : TRUE) = [a |-> 2, b |-> 0]
====
