---- MODULE Semantic ----
EXTENDS Naturals
VARIABLE x
Init == x = z
Next == x' = w
====
