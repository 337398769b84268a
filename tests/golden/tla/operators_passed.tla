---- MODULE operators_passed ----
a == F(\X, 1)
b == F(1 + )
c == G(+ 1)
d == + 
====
