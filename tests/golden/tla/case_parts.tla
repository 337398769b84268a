---- MODULE case_parts ----
a == CASE x -> 1 [] y
b == CASE OTHER -> 1
c == CASE x : 1
d == CASE x -> 1 [] OTHER -> 2 [] y -> 3
====
