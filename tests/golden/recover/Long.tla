---- MODULE Long ----
\* SPDX-License-Identifier: MIT
\* Tokens that move on a ring, with a text and a set made for each state: large enough to be killed
\* in its midst. Far fails in one state of the last level.
EXTENDS Naturals, FiniteSets, Sequences, TLC
CONSTANTS Size, Far
VARIABLES at, seen, text
Proc == 1..4
Code(f) == f[1] + Size * (f[2] + Size * (f[3] + Size * f[4]))
Init == at = [p \in Proc |-> 0] /\ seen = {0} /\ text = "s0"
Move(p) == /\ at[p] < Size - 1
           /\ at' = [at EXCEPT ![p] = @ + 1]
           /\ seen' = {at'[q] : q \in Proc}
           /\ text' = "s" \o ToString(Code(at') % 1000)
Next == \E p \in Proc : Move(p)
Fits == seen = {at[q] : q \in Proc} /\ text = "s" \o ToString(Code(at) % 1000)
Last == [p \in Proc |-> Size - 1]
Near == at # Far
====
