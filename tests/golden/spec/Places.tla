------------------------------- MODULE Places -------------------------------
(* What cannot be evaluated, by each name that a configuration can give; in the operators of an
   instantiated module, whose substitution depends on the state. *)
EXTENDS Integers
VARIABLE x
P == INSTANCE Part WITH Step <- 2 - x
Init == x = 0
Next == x' = (x + 1) % 4
Spec == Init /\ [][Next]_x
Bad == P!Half(8) < 100
BadStep == P!Half(x') < 100
BadInit == x = P!Half("a")
BadNext == x' = P!Half(x) + "a"
Always == [][BadStep]_x
Small == x < 2
AtEnd == P!Half("a") > 0
Sees == [bad |-> P!Half("a")]
=============================================================================
