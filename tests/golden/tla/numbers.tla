---- MODULE numbers ----
a == \b2
b == \o8
c == 1.
d == 1.x
e == 12x + 3
====
