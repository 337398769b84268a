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
Fld == [foo |-> 3].foo
ASSUME Fld!1 = [foo |-> 3] /\ Fld!2 = "foo"
\* Through LETs, whose definitions are parts too; and open parts as operators.
Let == LET z == 23 IN z + 1
ASSUME Let!1 = 24 /\ Let!1!1 = 23
Deep(a) == \A x \in {} : lab(x) :: IF TRUE THEN LET in(c) == 4 * c + a * x IN a + in(x) ELSE 1
ASSUME Deep(2)!(3)!2!1 = 2 + 4 * 3 + 6
ASSUME Deep(2)!(3)!2!in(4) = 16 + 6
ASSUME Deep(2)!lab(3)!2!in(4) = 22
Apply2(A(_, _), a, b) == A(a, b)
Apply3(A(_, _, _), a, b, c) == A(a, b, c)
ASSUME Apply3(Deep!@!2!in, 2, 3, 4) = 22
Mapped(a) == {x + a : x \in {1, 2}}
ASSUME Apply2(Mapped!@, 2, 3) = 5
Sign(q, p) == CHOOSE x : lab(x) :: LET a ++ b == {a, b, q, p, x} IN <<q, 99 ++ p>>
ASSUME Sign(1, 2)!(3)!++(4, 5) = 1..5
ASSUME Sign(1, 2)!lab(3)!:!++(4, 5) = 1..5
ASSUME Sign(1, 2)!(3)!1!>> = {99, 1, 2, 3}
Hold(p) == \A y \in {1} : out(y) :: LET s ++ t == s + t IN (inner :: p ++ y) = 5
ASSUME Hold(4)!out(1)!inner = 5
---- MODULE Of ----
CONSTANT F(_, _)
Of == F(2, 3)
====
Open == INSTANCE Of WITH F <- Mapped!@
ASSUME Open!Of = 5
====
