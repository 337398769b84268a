------------------------ MODULE RcuGracePeriodFenced ------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* RcuGracePeriod where the kernel has no membarrier: every announcement   *)
(* carries a full fence.  No error.                                        *)
(***************************************************************************)
EXTENDS RcuGracePeriod

FenceOfReaders == "reader"
=============================================================================
