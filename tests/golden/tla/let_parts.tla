---- MODULE let_parts ----
a == LET x == 1
b == LET IN 2
c == LET x = 1 IN x
d == LET f(x == 1 IN f
e == LET x == 1 y == 2 IN
====
