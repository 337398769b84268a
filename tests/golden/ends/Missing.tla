---- MODULE Missing ----
EXTENDS Nowhere
VARIABLE x
Init == x = 0
Next == x' = 1
====
