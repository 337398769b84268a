------------------------------ MODULE Endless ------------------------------
(* States without end, each with a value of its own: of interrupts and limits. *)
EXTENDS Naturals, Sequences
VARIABLES a, b
Init == a = << >> /\ b = 0
Next == \/ a' = Append(a, b) /\ b' = (b + 1) % 7
        \/ b' = b + 1 /\ UNCHANGED a
=============================================================================
