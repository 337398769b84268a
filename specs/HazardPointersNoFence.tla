----------------------- MODULE HazardPointersNoFence -----------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* HazardPointers without a fence on either side: known bad.               *)
(* NoUseAfterFree must fail.  The reader publishes, finds the object       *)
(* linked still, and uses it, while its publication waits in the store     *)
(* buffer and the scan sees an empty slot.                                 *)
(***************************************************************************)
EXTENDS HazardPointers

NoFence == "none"
=============================================================================
