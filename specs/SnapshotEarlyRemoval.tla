------------------------ MODULE SnapshotEarlyRemoval ------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* Snapshot whose old parts are removed before the rename of the head is   *)
(* on the disk: known bad.  FoundIsWhole must fail.                        *)
(***************************************************************************)
EXTENDS Snapshot
=============================================================================
