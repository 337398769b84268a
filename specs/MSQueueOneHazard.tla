-------------------------- MODULE MSQueueOneHazard --------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* MSQueue whose consumers protect the dummy only: known bad.              *)
(* NoUseAfterFree must fail: between one consumer's swap of head and its   *)
(* look at the item, another pops once more and the link is freed.         *)
(***************************************************************************)
EXTENDS MSQueue

OneSlot == FALSE
=============================================================================
