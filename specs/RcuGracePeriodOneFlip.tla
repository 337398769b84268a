----------------------- MODULE RcuGracePeriodOneFlip -----------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* RcuGracePeriod with one bit for the period, flipped once: known bad.    *)
(* NoUseAfterFree must fail.  A reader finds the bit and sleeps; a grace   *)
(* period flips it and ends; the reader announces the old value and enters *)
(* its section; the next grace period flips the bit back to that value,    *)
(* takes the reader for one of its own period, and frees under it.         *)
(***************************************************************************)
EXTENDS RcuGracePeriod

TwoPhases == 2
=============================================================================
