------------------------ MODULE CreditPullUncounted ------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* CreditPull whose refill does not count what the shards hold: known bad. *)
(* NoOvershoot must fail.                                                  *)
(***************************************************************************)
EXTENDS CreditPull
=============================================================================
