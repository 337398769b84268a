------------------------- MODULE CreditRoomTimeless -------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* CreditRoom whose messages do not say when they were written: a shard whose *)
(* clock is behind admits, in the past, what was earned since. Known bad:  *)
(* NoOvershoot must fail.                                                  *)
(***************************************************************************)
EXTENDS CreditRoom
=============================================================================
