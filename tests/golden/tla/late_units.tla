---- MODULE late_units ----
a == 1
EXTENDS Naturals
b == 2
IN 3
c == 4 5
d == 6
====
