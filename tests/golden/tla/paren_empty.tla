---- MODULE paren_empty ----
a == ()
b == f()
====
