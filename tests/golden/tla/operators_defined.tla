---- MODULE operators_defined ----
a \X b == 1
a + == 1
- a == 1
a ++ 1 == 2
====
