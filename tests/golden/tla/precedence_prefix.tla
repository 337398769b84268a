---- MODULE precedence_prefix ----
a == SUBSET A \X B
b == []x'
c == ENABLED A'
d == DOMAIN f * 2
e == UNCHANGED x'
====
