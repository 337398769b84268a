------------------------- MODULE ChaseLevEarlyFree -------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* ChaseLev that frees outgrown slots at once: known bad.  NoUseAfterFree  *)
(* must fail: a thief took the address of the slots before the owner grew. *)
(***************************************************************************)
EXTENDS ChaseLev

NoHazards == FALSE
=============================================================================
