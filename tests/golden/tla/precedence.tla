---- MODULE precedence ----
a == p /\ q \/ r
b == p => q => r
c == x = y = z
d == A \cup B \cap C
e == 2 ^ -1
f == x \in S \in T
g == p <=> q ~> r
h == a .. b .. c
i == S \X T \cup U \X V
====
