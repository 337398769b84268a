---- MODULE functions ----
a == [x \in S -> y]
b == [x \in S |-> y
c == [S |-> T]
d == [S]
e == f[1
f == f[]
g[x] == 1
h[x \in S, y] == 1
====
