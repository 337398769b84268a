---------------------- MODULE HazardPointersNoValidate ----------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* HazardPointers whose readers do not read the link again: known bad.     *)
(* NoUseAfterFree must fail.  Between the load of the link and the         *)
(* publication, the object is unlinked, found unprotected, and freed.      *)
(***************************************************************************)
EXTENDS HazardPointers

NoValidate == FALSE
=============================================================================
