---- MODULE paren_open ----
a == (1 + 2
b == 3
====
