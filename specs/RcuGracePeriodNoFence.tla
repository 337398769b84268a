----------------------- MODULE RcuGracePeriodNoFence -----------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* RcuGracePeriod without a fence on either side: known bad.               *)
(* NoUseAfterFree must fail.  The reader finds the object while its        *)
(* announcement waits in the store buffer; the writer sees it outside.     *)
(***************************************************************************)
EXTENDS RcuGracePeriod

NoFence == "none"
=============================================================================
