-------------------------------- MODULE Part --------------------------------
(* Half divides by what Places substitutes. *)
EXTENDS Integers
CONSTANT Step
Half(n) == n \div Step
=============================================================================
