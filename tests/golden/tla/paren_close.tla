---- MODULE paren_close ----
a == 1 + 2)
b == 3
====
