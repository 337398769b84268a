-------------------------- MODULE CreditRoomFound ---------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* CreditRoom whose refill looks at the room that it finds: what was earned *)
(* while the bucket was full is given when it is not full any more. Known  *)
(* bad: NoOvershoot must fail.                                             *)
(***************************************************************************)
EXTENDS CreditRoom
=============================================================================
