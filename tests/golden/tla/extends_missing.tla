---- MODULE extends_missing ----
EXTENDS Naturals, NoSuchModule
I == INSTANCE NorThisOne WITH x <- 1
====
