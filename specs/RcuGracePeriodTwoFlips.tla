----------------------- MODULE RcuGracePeriodTwoFlips -----------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* RcuGracePeriod with one bit for the period, flipped twice for each      *)
(* grace period: what RcuGracePeriodOneFlip lacks.  No error.              *)
(***************************************************************************)
EXTENDS RcuGracePeriod

TwoPhases == 2
TwoFlips == 2
=============================================================================
