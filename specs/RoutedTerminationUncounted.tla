--------------------- MODULE RoutedTerminationUncounted ---------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* RoutedTermination with batches that nobody counts while they are in a   *)
(* ring, as seed 000 has it: known bad.  NothingLeft must fail.            *)
(***************************************************************************)
EXTENDS RoutedTermination
=============================================================================
