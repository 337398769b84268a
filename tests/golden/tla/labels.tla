---- MODULE labels ----
a == 1 :: x
b == (l) :: x
c == l(1) :: x
d == 2 * l :: x + 1
e == l ::
====
