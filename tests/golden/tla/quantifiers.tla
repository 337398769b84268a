---- MODULE quantifiers ----
a == \A x \in S, y : x
b == \E : x
c == \A x \in S x > 0
d == \A <<x, y>> : x
e == \A x, <<y>> \in S : y
f == \AA x \in S : x
g == \E 1 \in S : x
====
