---- MODULE Errors ----
EXTENDS Integers, Sequences, FiniteSets, TLC, Bags
Inc(n) == n + 1
f == [i \in 1..3 |-> i * i]
r == [a |-> 1, b |-> "two"]
RECURSIVE Loop(_)
Loop(n) == 1 + Loop(n)
Deep[n \in Nat] == IF n = 0 THEN 0 ELSE 1 + Deep[n - 1]
Twice(Op(_), v) == Op(Op(v))
@UNIT@
====
