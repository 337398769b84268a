------------------------ MODULE HazardPointersFenced ------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* HazardPointers where the kernel has no membarrier: every publication    *)
(* carries a full fence.  No error.                                        *)
(***************************************************************************)
EXTENDS HazardPointers

FenceOfReaders == "reader"
=============================================================================
