-------------------------------- MODULE Walk --------------------------------
(* What random walks may come to: each by a configuration of its own. *)
EXTENDS Naturals, TLC

VARIABLES x, y

Init == x \in 0..1 /\ y = 0
Inc == x' = x + 1 /\ UNCHANGED y
Add(n) == y' = y + n /\ UNCHANGED x
Next == Inc \/ \E n \in 1..2 : Add(n)

\* What is bound around actions is another in each state.
Bound == LET sum == x + y IN \/ \E n \in 1..2 : x' = sum + n /\ UNCHANGED y
                             \/ x' = sum /\ y' = 1
Sum == x' \in {x + y, x + y + 1, x + y + 2}
SumKept == [][Sum]_<<x, y>>

OnlyFirst == x < 3 /\ Inc
Few == x < 3
Bad == x = 3 /\ Assert(FALSE, "too far") /\ UNCHANGED <<x, y>>
Err == x = 3 /\ x' = 1 + "a" /\ UNCHANGED y
NextBad == Next \/ Bad
NextErr == Next \/ Err
Chance == x' = RandomElement(1..1000) /\ UNCHANGED y
None == x \in {} /\ y = 0

Low == y < 5
Odd == y < 5 \/ y = "a"
Slow == [][x' < 4]_<<x, y>>
Begins == x = 1
Known == /\ TLCGet("config").mode = "simulate"
         /\ TLCGet("config").depth = 7
         /\ TLCGet("config").traces = 5
         /\ TLCGet("config").seed = "3"
         /\ TLCGet("level") \in 1..8
         /\ TLCGet("stats").behavior.id < 5
         /\ TLCGet("stats").generated >= TLCGet("level") - 1
ASSUME TLCGet("config").mode \in {"bfs", "simulate", "generate"}

Enough == TLCSet("exit", TLCGet("diameter") > 20)

\* Of the state graph.
Zero == x = 0 /\ y = 0
Same == UNCHANGED <<x, y>>
Twice == Same \/ (x' = 0 /\ y' = 0)
=============================================================================
