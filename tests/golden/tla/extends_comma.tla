---- MODULE extends_comma ----
EXTENDS Naturals, ,Sequences
a == 1
====
