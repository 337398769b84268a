-------------------------- MODULE SnapshotUnsynced --------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* Snapshot whose parts are not on the disk before the head names them:    *)
(* known bad.  FoundIsWhole must fail.                                     *)
(***************************************************************************)
EXTENDS Snapshot
=============================================================================
