---- MODULE junction_bullet ----
A == /\ x
     /\
     /\ y
B == \/
C == /\ IF p
     THEN q ELSE r
====
