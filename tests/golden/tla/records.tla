---- MODULE records ----
a == [x |-> 1, y : 2]
b == [x : S, y |-> T]
c == [x |-> 1, 2]
d == r.
e == r.1
f == [x |-> 1,]
====
