---- MODULE Parse ----
EXTENDS Naturals
VARIABLE x
Init == x = (
Next == x' = 1
====
