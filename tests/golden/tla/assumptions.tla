---- MODULE assumptions ----
ASSUME
ASSUME a ==
ASSUME ASSUME x PROVE y
AXIOM = 1
====
