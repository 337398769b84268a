---- MODULE lambda ----
a == LAMBDA x : x
b == F(LAMBDA x x)
c == F(LAMBDA : x)
d == F(LAMBDA x \in S : x)
====
