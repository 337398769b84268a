-------------------------- MODULE ChaseLevNoFence --------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* ChaseLev without the fence in pop: known bad.  AtMostOnce must fail.    *)
(* The owner claims the bottom item, reads a top that is far away and      *)
(* takes the item plainly, while its claim is still in the store buffer;   *)
(* thieves who do not see the claim take everything up to that same item.  *)
(***************************************************************************)
EXTENDS ChaseLev

NoFence == FALSE
=============================================================================
