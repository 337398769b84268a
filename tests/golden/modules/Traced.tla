------------------------------- MODULE Traced -------------------------------
\* SPDX-License-Identifier: MIT
\* TLCExt!Trace in every part of a specification that a search evaluates: up to the state at hand.
\* exit: 12
\* out: Error: Invariant Near is violated.
\* out: /\ way = <<[x |-> 0, y |-> 1], [x |-> 1, y |-> 1], [x |-> 2, y |-> 1]>>
EXTENDS Integers, Sequences, TLC, TLCExt

VARIABLES x, y

Level == TLCGet("level")
Follows(a, b) == \/ b.x = a.x + 1 /\ b.y = a.y
                 \/ a.x = 2 /\ b.x = 0 /\ b.y = 1 - a.y
IsWay(t) == /\ t[1].x = 0 /\ t[1].y \in {0, 1}
            /\ \A i \in 1..Len(t) - 1 : Follows(t[i], t[i + 1])
IsHere(t) == Len(t) = Level /\ IsWay(t) /\ t[Len(t)] = [x |-> x, y |-> y]

Init == x = 0 /\ y \in {0, 1}
Step == x < 2 /\ Assert(IsHere(Trace), Trace) /\ x' = x + 1 /\ y' = y /\ Assert(IsHere(Trace), Trace)
Back == x = 2 /\ x' = 0 /\ y' = 1 - y
Next == Step \/ Back
Spec == Init /\ [][Next]_<<x, y>>
Here == IsHere(Trace)
Steps == IsHere(Trace)
Always == [][IsHere(Trace)]_<<x, y>>
Near == ~(y = 1 /\ x = 2)
Shown == [x |-> x, way |-> Trace, level |-> Level]
=============================================================================
