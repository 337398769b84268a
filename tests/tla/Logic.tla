---- MODULE Logic ----
\* Booleans, IF, CASE, LET: what the language's definition says of them.
EXTENDS Naturals

ASSUME TRUE /\ ~FALSE
ASSUME BOOLEAN = {FALSE, TRUE}
ASSUME \A a, b \in BOOLEAN : (a /\ b) = ~(~a \/ ~b)
ASSUME \A a, b \in BOOLEAN : (a => b) = (~a \/ b)
ASSUME \A a, b \in BOOLEAN : (a <=> b) = ((a => b) /\ (b => a))
ASSUME \A a, b \in BOOLEAN : (a \equiv b) = (a = b)
ASSUME \A a \in BOOLEAN : \lnot a = ~a /\ \neg a = ~a
ASSUME \A a, b \in BOOLEAN : (a \land b) = (a /\ b) /\ (a \lor b) = (a \/ b)
\* What is not needed is not evaluated.
ASSUME ~(FALSE /\ 1 \div 0 = 1)
ASSUME TRUE \/ 1 \div 0 = 1
ASSUME FALSE => 1 \div 0 = 1
ASSUME IF TRUE THEN TRUE ELSE 1 \div 0 = 1
ASSUME LET unused == 1 \div 0 IN TRUE
\* Junction lists by their alignment.
ASSUME /\ TRUE
       /\ \/ FALSE
          \/ TRUE
       /\ /\ TRUE
          /\ \/ TRUE
ASSUME ~ \/ FALSE
         \/ FALSE
ASSUME
  \/ /\ TRUE
     /\ FALSE
  \/ TRUE => TRUE
ASSUME (IF 1 < 2 THEN 3 ELSE 4) = 3 /\ (IF 2 < 1 THEN 3 ELSE 4) = 4
ASSUME 1 + (IF TRUE THEN 1 ELSE 2) = 2
ASSUME (CASE FALSE -> 1 [] TRUE -> 2) = 2
ASSUME (CASE FALSE -> 1 [] OTHER -> 3) = 3
ASSUME (CASE 1 = 2 -> "a" [] 1 = 1 -> "b" [] OTHER -> "c") = "b"
ASSUME LET x == 1 y == x + 1 IN x + y = 3
ASSUME LET f(a) == a * 2 IN f(f(3)) = 12
ASSUME LET x == 1 IN LET y == x + 1 IN LET z == y + x IN z = 3
ASSUME LET op(a, b) == a - b IN op(5, 3) = 2
ASSUME LET g[n \in 0..5] == IF n = 0 THEN 1 ELSE n * g[n - 1] IN g[5] = 120
ASSUME LET RECURSIVE even(_)
           even(n) == IF n = 0 THEN TRUE ELSE ~even(n - 1)
       IN even(10) /\ ~even(7)
ASSUME LET a == 1 IN (LET b == 2 IN a + b) + a = 4
Named == 1 + 1
ASSUME Named = 2
ASSUME TwoIsTwo == Named = 2
ASSUME TwoIsTwo
ASSUMPTION Three == Named + 1 = 3
\* An axiom is taken as it is: this one could not be evaluated.
AXIOM Induction == \A P : (P[0] /\ \A n \in Nat : P[n] => P[n + 1]) => \A n \in Nat : P[n]
AXIOM FALSE
ASSUME Three
====
