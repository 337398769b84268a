------------------------- MODULE SnapshotNamesLate -------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* Snapshot whose parts are on the disk, but not their names, before the   *)
(* head is renamed: known bad.  FoundIsWhole must fail.                    *)
(***************************************************************************)
EXTENDS Snapshot
=============================================================================
