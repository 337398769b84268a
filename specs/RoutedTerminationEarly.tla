----------------------- MODULE RoutedTerminationEarly -----------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* RoutedTermination whose workers give up their token before they have    *)
(* sent their open batches: known bad.  NothingLeft must fail.             *)
(***************************************************************************)
EXTENDS RoutedTermination
=============================================================================
