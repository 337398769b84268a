------------------------------ MODULE Counter ------------------------------
(* A counter and its history: what can go wrong in a search, each by a configuration of its own. *)
EXTENDS Naturals, Sequences, TLC

VARIABLES x, history

vars == <<x, history>>
Init == x = 0 /\ history = << >>
Entry == [value |-> x, words |-> {"aaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbb"}]
Increment ==
  /\ x < 5
  /\ x' = x + 1
  /\ history' = Append(history, Entry)
Stay(n) == x = n /\ UNCHANGED vars
Next == Increment \/ \E n \in {1, 2} : Stay(n)
Spec == Init /\ [][Next]_vars

Small == x < 4
Fine == x < 6
NotZero == x # 0
StartsAtOne == x = 1
Rises == [][x' > x]_x
RisesByTwo == [][x' > x + 1]_x
Reaches == <>(x = 5)

TooFar == x < 2 \/ history[10] = 3
Sum(a) == a + "x"
Nested == IF x > 1 THEN Sum(x) = 3 ELSE TRUE
NoBoolean == 3
Asserted == Assert(x < 3, <<"asserted", x>>)
AssertedNext == Next /\ Assert(x < 2, "too far")
FailingInit == x = 0 /\ history = 1 + "a"
FailingNext == x' = x + 1 /\ history' = history[3]
PartialNext == x < 5 /\ x' = x + 1
FailingView == x + "a"

Printed == PrintT(<<"x is", x>>)
LevelBound == TLCGet("level") < 3
AtEnd == TLCGet("distinct") = 6 /\ TLCGet("generated") = 8 /\ TLCGet("diameter") = 6
NotAtEnd == PrintT(TLCGet("distinct")) /\ FALSE
FailingAtEnd == 1 + "a" = 2
Shown == [x |-> x, level |-> TLCGet("level"), after |-> x']
NoStart == x \in {} /\ history = << >>
Around == Spec /\ x = 0
=============================================================================
