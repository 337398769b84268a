---- MODULE Assume ----
EXTENDS TLC, Naturals
CONSTANT N
ASSUME N > 2
ASSUME A == N < 5
====
