---- MODULE Parts ----
\* Parts of definitions named by selectors, labels, named facts.
EXTENDS Integers

Inv == /\ 1 = 1
       /\ 2 > 1
       /\ \/ FALSE
          \/ 3 = 3
ASSUME Inv!1 /\ Inv!2 /\ Inv!3 /\ Inv!3!2 /\ ~Inv!3!1
Sum == 10 + 32
ASSUME Sum!1 = 10 /\ Sum!2 = 32 /\ Sum!<< = 10 /\ Sum!>> = 32 /\ Sum!: = 42
Op(x) == x * (x + 1)
ASSUME Op(3)!1 = 3 /\ Op(3)!2 = 4 /\ Op(3)!2!2 = 1
Quant == \A x \in 1..3 : x + 1 > x
ASSUME Quant!1 = 1..3 /\ Quant!(7)!1 = 8 /\ Quant!(2)
Cond == IF 1 < 2 THEN "yes" ELSE "no"
ASSUME Cond!1 /\ Cond!2 = "yes" /\ Cond!3 = "no"
Cs == CASE 1 = 2 -> "a" [] 2 = 2 -> "b"
ASSUME ~Cs!1!1 /\ Cs!2!2 = "b"
Tup == <<1, {2, 3}>>
ASSUME Tup!1 = 1 /\ Tup!2!2 = 3
Lab == \E x \in 1..3 : body(x) :: x * x = 4
ASSUME Lab!body(2) /\ ~Lab!body(3)
Plain == lbl :: 1 + 1
ASSUME Plain!lbl = 2
THEOREM Thm == 1 + 1 = 2
ASSUME Thm!:
ASSUME Fact == 5 = 5
ASSUME Fact!: /\ Fact!1 = 5
Rec == [a |-> 1, b |-> 2]
ASSUME Rec!2 = 2
App == [x \in 1..2 |-> x][2]
ASSUME App!2 = 2 /\ App!1 = <<1, 2>>
====
