------------------------ MODULE CheckpointRestEager ------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* CheckpointRest whose workers leave when no more is outstanding than     *)
(* chunks are left, without waiting until all others rest: known bad, as   *)
(* one of those may take a chunk then.  NothingBetween must fail.          *)
(***************************************************************************)
EXTENDS CheckpointRest
=============================================================================
