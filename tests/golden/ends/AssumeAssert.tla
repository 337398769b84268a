---- MODULE AssumeAssert ----
EXTENDS TLC, Naturals
ASSUME Assert(FALSE, "asserted assumption")
====
