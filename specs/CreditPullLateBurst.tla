------------------------ MODULE CreditPullLateBurst ------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* CreditPull whose late refill gives for all the time gone by: known bad. *)
(* NoOvershoot must fail.                                                  *)
(***************************************************************************)
EXTENDS CreditPull
=============================================================================
