---- MODULE actions ----
a == [N]_
b == [N]_1
c == <<N>>_ +
d == [][N]_v /\ WF_v
e == SF_(v)
f == WF_v(N, M)
g == WF_ (N)
====
