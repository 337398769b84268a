---- MODULE if_parts ----
a == IF x THEN y
b == IF x y ELSE z
c == IF THEN y ELSE z
d == x THEN y
====
