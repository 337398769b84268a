---- MODULE choose ----
a == CHOOSE x, y \in S : x
b == CHOOSE <<x, y>> : x
c == CHOOSE x \in S
d == CHOOSE \in S : x
====
