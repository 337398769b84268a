---- MODULE except ----
a == [f EXCEPT [1] = 2]
b == [f EXCEPT ! = 2]
c == [f EXCEPT ![1] 2]
d == [f EXCEPT ![1] = 2 ![3] = 4]
e == [f EXCEPT ![1].x = ]
====
