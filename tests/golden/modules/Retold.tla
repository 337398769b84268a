------------------------------- MODULE Retold -------------------------------
\* SPDX-License-Identifier: MIT
\* A trace as a specification, and in TLC's binary form.
\* args: -generateSpecTE -teSpecOutDir Trace.tla -dumpTrace tlc trace.tlc
\* exit: 12
\* out: "CounterExample written: trace.tlc"
\* out: Trace exploration spec path: Trace.tla
\* then: 12 -config Trace.tla Trace.tla
\* out: Error: Invariant _inv is violated.
\* out: State 1: <Initial predicate>
\* out: /\ x = 0
\* out: /\ own = (p1 :> null @@ p2 :> null)
\* out: State 3: <_next line 32, col 9 to line 37, col 33 of module Trace>
\* out: /\ x = 2
EXTENDS Integers, FiniteSets

CONSTANTS P, N, null, Op(_)
VARIABLES x, own

Init == x = 0 /\ own = [p \in P |-> null]
Take(p) == own[p] = null /\ own' = [own EXCEPT ![p] = p] /\ x' = Op(x)
Next == \E p \in P : Take(p)
Small == x < N
AddOne(n) == n + 1
=============================================================================
