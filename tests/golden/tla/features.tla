---- MODULE features ----
CONSTANT F(_,_), _+_, -._
a \prec b == /\ a+b*3
             /\ \/ x' = y
                \/ ~b
G(H(_)) == [x \in S, <<p,q>> \in T |-> H(x)] \X (A \X B) \X C
I(x) == INSTANCE Naturals WITH + <- -, z <- LAMBDA u, v : u = v
L == lab(x) :: I(3)!J!+(1,2) + Q!1!<<!:!@ 
Z == {x \in S} \cup {x \in S : P} \cup {x+1 : x \in S, y \in T} 
Y == CASE a -> b [] c -> -d [] OTHER -> \h1F
W == WF_v(N) /\ SF_<<a,b>>(M) /\ [][N]_v /\ <><<N>>_(v)
V == [f EXCEPT ![1,2].b["q\"\n"] = @ + 1, !.c = 1.5]
====
