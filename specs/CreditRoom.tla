----------------------------- MODULE CreditRoom -----------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* The refill of src/govern/pool.c: one token bucket for many shards,      *)
(* whose home keeps a pool, grants credit to shards that ask, and learns   *)
(* of what they used from their reports.  A refill adds what was earned    *)
(* since the last one, and no more than the room that there was after the  *)
(* last one:                                                               *)
(*                                                                         *)
(*   level += min(Rate * (now - last), room);  room = Burst - level - out  *)
(*                                                                         *)
(* Safe: in any interval of length t no more is admitted than              *)
(* Burst + Rate * t, however late refills and messages are, and whichever  *)
(* get lost.  CreditPull looks at the room at the refill itself, and keeps *)
(* a weaker promise, by Rate * Delay.                                      *)
(*                                                                         *)
(* Instants: the shards' clocks may differ.  What counts is a shard's own, *)
(* or, if it is later, what stands on a message that it has taken.         *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS
  Shards,
  Burst, Rate,
  End,          \* of time: bounds the model
  KeepsRoom,    \* FALSE: the refill looks at the room that it finds
  CarriesTime   \* FALSE: messages have no instant on them

ASSUME {Burst, Rate, End} \subseteq Nat /\ KeepsRoom \in BOOLEAN /\ CarriesTime \in BOOLEAN

Home == CHOOSE s \in Shards : TRUE

VARIABLES
  clock,    \* [shard -> its instant]
  level, out, last, room,  \* the home's
  credit,   \* [shard -> what it may still admit]
  used,     \* [shard -> admitted and not told]
  grants,   \* [shard -> <<tokens, instant>> on their way to it]
  reports,  \* [shard -> <<tokens, instant>> on their way home]
  since, until, \* the interval that is looked at, both ends included; any
  admitted  \* in it

vars == <<clock, level, out, last, room, credit, used, grants, reports, since, until, admitted>>

Min(a, b) == IF a < b THEN a ELSE b
Max(a, b) == IF a > b THEN a ELSE b
Zero == [s \in Shards |-> 0]
None == [s \in Shards |-> <<>>]

Heard(s, at) == IF CarriesTime THEN [clock EXCEPT ![s] = Max(@, at)] ELSE clock

Init ==
  /\ clock = Zero
  /\ level = Burst /\ out = 0 /\ last = 0 /\ room = 0
  /\ credit = Zero /\ used = Zero /\ grants = None /\ reports = None
  /\ since \in 0..End /\ until \in since..End /\ admitted = 0

Tick(s) ==
  /\ clock[s] < End
  /\ clock' = [clock EXCEPT ![s] = @ + 1]
  /\ UNCHANGED <<level, out, last, room, credit, used, grants, reports, since, until, admitted>>

Refill ==
  LET most == IF KeepsRoom THEN room ELSE Burst - level - out
      more == Min(Rate * (clock[Home] - last), most)
  IN /\ level' = level + more
     /\ room' = Burst - level - more - out
     /\ last' = clock[Home]
     /\ <<level', room', last'>> # <<level, room, last>>
     /\ UNCHANGED <<clock, out, credit, used, grants, reports, since, until, admitted>>

(* As much as the home likes, to whom it likes. *)
Grant(s) ==
  /\ level > 0 /\ grants[s] = <<>>
  /\ \E n \in 1..level :
       /\ level' = level - n
       /\ out' = out + n
       /\ grants' = [grants EXCEPT ![s] = <<n, clock[Home]>>]
  /\ UNCHANGED <<clock, last, room, credit, used, reports, since, until, admitted>>

Arrive(s) ==
  /\ grants[s] # <<>>
  /\ credit' = [credit EXCEPT ![s] = @ + grants[s][1]]
  /\ clock' = Heard(s, grants[s][2])
  /\ grants' = [grants EXCEPT ![s] = <<>>]
  /\ UNCHANGED <<level, out, last, room, used, reports, since, until, admitted>>

Admit(s) ==
  /\ credit[s] > 0
  /\ credit' = [credit EXCEPT ![s] = @ - 1]
  /\ used' = [used EXCEPT ![s] = @ + 1]
  /\ admitted' = IF clock[s] \in since..until THEN admitted + 1 ELSE admitted
  /\ UNCHANGED <<clock, level, out, last, room, grants, reports, since, until>>

Report(s) ==
  /\ used[s] > 0 /\ reports[s] = <<>>
  /\ reports' = [reports EXCEPT ![s] = <<used[s], clock[s]>>]
  /\ used' = [used EXCEPT ![s] = 0]
  /\ UNCHANGED <<clock, level, out, last, room, credit, grants, since, until, admitted>>

Told(s) ==
  /\ reports[s] # <<>>
  /\ out' = out - reports[s][1]
  /\ clock' = Heard(Home, reports[s][2])
  /\ reports' = [reports EXCEPT ![s] = <<>>]
  /\ UNCHANGED <<level, last, room, credit, used, grants, since, until, admitted>>

(* What is lost stays out for ever. *)
Lose(s) ==
  /\ \/ grants[s] # <<>> /\ grants' = [grants EXCEPT ![s] = <<>>] /\ UNCHANGED reports
     \/ reports[s] # <<>> /\ reports' = [reports EXCEPT ![s] = <<>>] /\ UNCHANGED grants
  /\ UNCHANGED <<clock, level, out, last, room, credit, used, since, until, admitted>>

Next ==
  \/ Refill
  \/ \E s \in Shards :
       Tick(s) \/ Grant(s) \/ Arrive(s) \/ Admit(s) \/ Report(s) \/ Told(s) \/ Lose(s)

Spec == Init /\ [][Next]_vars

TypeOK ==
  /\ clock \in [Shards -> 0..End]
  /\ {level, out, room, admitted} \subseteq Nat
  /\ {credit, used} \subseteq [Shards -> Nat]

(* The pool and what may still be spent: never more than the bucket holds. *)
Bounded == level + out <= Burst

NoOvershoot == admitted <= Burst + Rate * (until - since)
=============================================================================
