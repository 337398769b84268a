------------------------------- MODULE Group -------------------------------
(* Interchangeable processes: of SYMMETRY and VIEW. *)
EXTENDS Naturals, TLC
CONSTANT Proc
VARIABLES turn, steps
Init == turn \in Proc /\ steps = 0
Give(p) == turn' = p /\ steps' = (steps + 1) % 3
Next == \E p \in Proc : Give(p)
Alike == Permutations(Proc)
NoSteps == turn
Within == steps < 2
=============================================================================
