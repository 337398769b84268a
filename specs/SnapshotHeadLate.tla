-------------------------- MODULE SnapshotHeadLate --------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* Snapshot whose head is renamed before what it says is on the disk:      *)
(* known bad.  FoundIsWhole must fail.                                     *)
(***************************************************************************)
EXTENDS Snapshot
=============================================================================
