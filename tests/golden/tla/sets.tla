---- MODULE sets ----
a == {1, 2
b == {x \in S : y
c == {x : y}
d == {1, , 2}
e == {x \in S = T}
f == {x + 1 : y \in S : z}
====
