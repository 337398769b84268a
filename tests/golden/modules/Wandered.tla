------------------------------ MODULE Wandered ------------------------------
\* SPDX-License-Identifier: MIT
\* TLCExt!Trace in random walks: each state with the action that led there.
\* args: -simulate num=5 -depth 9 -seed 7
EXTENDS Integers, Sequences, TLC, TLCExt

VARIABLES x, y

Names(t) == [i \in 1..Len(t) |-> t[i]._action.name]
IsHere(t) == /\ Len(t) = TLCGet("level")
             /\ DOMAIN t[Len(t)] = {"x", "y", "_action"}
             /\ t[Len(t)].x = x /\ t[Len(t)].y = y
             /\ Names(t) = [i \in 1..Len(t) |-> IF i = 1 THEN "Init" ELSE IF t[i].x = 0 THEN "Back" ELSE "Step"]
             /\ t[1]._action.location.beginLine = 15
Init == x = 0 /\ y \in {0}
Step == x < 2 /\ x' = x + 1 /\ y' = y
Back == x = 2 /\ x' = 0 /\ y' = 1 - y
Next == Assert(IsHere(Trace), Trace) /\ (Step \/ Back)
Spec == Init /\ [][Step \/ Back]_<<x, y>>
Here == IsHere(Trace)
=============================================================================
