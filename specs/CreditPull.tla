----------------------------- MODULE CreditPull -----------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* One token bucket for many shards without an atomic that they share.     *)
(* The bucket's home keeps a pool; a shard that has run dry pulls a slice  *)
(* of it by a message, and admits from its own credit alone:               *)
(*                                                                         *)
(*   R1  refill: pool := min(Burst - what the shards hold,                 *)
(*                           pool + Rate * min(time gone by, Delay))       *)
(*   R2  pull: the home moves at most a slice, and at most the pool, to    *)
(*       the shard that asked; the message may take its time, or get lost  *)
(*   R3  admit: one off the shard's own credit, and in no other way        *)
(*   R4  a shard whose pull brought nothing does not ask again until the   *)
(*       next refill                                                       *)
(*   R5  credit that lies idle goes back to the home                       *)
(*                                                                         *)
(* What the shards hold is read late: the home knows what it granted, and  *)
(* learns of what was admitted when it looks.  So what it reads is never   *)
(* less than what is there.                                                *)
(*                                                                         *)
(* Safe: in any interval of length t no more is admitted than              *)
(* Burst + Rate * Delay + Rate * t, whatever the load, the delays and the  *)
(* losses; so a limit of b and r is kept by Burst = b - r * Delay.         *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS
  Shards,
  Burst, Rate, Delay, Slice,
  End,          \* of time: bounds the model
  CountsCredit, \* FALSE: the refill looks at the pool alone
  CapsTime      \* FALSE: a late refill gives for all the time gone by

ASSUME /\ {Burst, Rate, Delay, Slice, End} \subseteq Nat /\ Slice > 0
       /\ CountsCredit \in BOOLEAN /\ CapsTime \in BOOLEAN

VARIABLES
  now,      \* ticks
  filled,   \* when the last refill was
  pool,     \* the home's
  credit,   \* [shard -> what it may still admit]
  asks,     \* shards whose pull is on its way to the home
  grant,    \* [shard -> credit on its way to it]
  back,     \* [shard -> credit on its way home]
  dry,      \* shards that do not ask before the next refill
  seen,     \* [shard -> what the home believes it holds, or is on its way to or from it]
  since,    \* when the interval that is looked at began
  admitted  \* in it

vars == <<now, filled, pool, credit, asks, grant, back, dry, seen, since, admitted>>

Min(a, b) == IF a < b THEN a ELSE b
Zero == [s \in Shards |-> 0]

RECURSIVE SumOver(_, _)
SumOver(f, S) == IF S = {} THEN 0
                 ELSE LET s == CHOOSE x \in S : TRUE IN f[s] + SumOver(f, S \ {s})
Sum(f) == SumOver(f, Shards)

Init ==
  /\ now = 0 /\ filled = 0 /\ pool = Burst
  /\ credit = Zero /\ grant = Zero /\ back = Zero /\ seen = Zero
  /\ asks = {} /\ dry = {}
  /\ since = 0 /\ admitted = 0

Tick ==
  /\ now < End
  /\ now' = now + 1
  /\ UNCHANGED <<filled, pool, credit, asks, grant, back, dry, seen, since, admitted>>

(* The interval may begin at any time. *)
Look ==
  /\ now > since
  /\ since' = now /\ admitted' = 0
  /\ UNCHANGED <<now, filled, pool, credit, asks, grant, back, dry, seen>>

(* R1: any shards, or none, are read anew at this time. *)
Refill ==
  /\ now > filled
  /\ \E read \in SUBSET Shards :
       seen' = [s \in Shards |-> IF s \in read THEN credit[s] + grant[s] + back[s] ELSE seen[s]]
  /\ LET gone == IF CapsTime THEN Min(now - filled, Delay) ELSE now - filled
         room == IF CountsCredit THEN Burst - Sum(seen') ELSE Burst
     IN pool' = Min(room, pool + Rate * gone)
  /\ filled' = now
  /\ dry' = {}
  /\ UNCHANGED <<now, credit, asks, grant, back, since, admitted>>

Ask(s) ==
  /\ credit[s] = 0 /\ s \notin asks /\ s \notin dry /\ grant[s] = 0
  /\ asks' = asks \cup {s}
  /\ UNCHANGED <<now, filled, pool, credit, grant, back, dry, seen, since, admitted>>

(* R2, R4 *)
Answer(s) ==
  /\ s \in asks
  /\ \E g \in 0..Min(Slice, pool) :
       /\ g = 0 => pool = 0
       /\ pool' = pool - g
       /\ grant' = [grant EXCEPT ![s] = @ + g]
       /\ seen' = [seen EXCEPT ![s] = @ + g]
       /\ dry' = IF g = 0 THEN dry \cup {s} ELSE dry
  /\ asks' = asks \ {s}
  /\ UNCHANGED <<now, filled, credit, back, since, admitted>>

Arrive(s) ==
  /\ grant[s] > 0
  /\ credit' = [credit EXCEPT ![s] = @ + grant[s]]
  /\ grant' = [grant EXCEPT ![s] = 0]
  /\ UNCHANGED <<now, filled, pool, asks, back, dry, seen, since, admitted>>

(* The home goes on believing that the shard has it until it reads it anew. *)
Lose(s) ==
  /\ grant[s] > 0
  /\ grant' = [grant EXCEPT ![s] = 0]
  /\ UNCHANGED <<now, filled, pool, credit, asks, back, dry, seen, since, admitted>>

(* R3 *)
Admit(s) ==
  /\ credit[s] > 0
  /\ credit' = [credit EXCEPT ![s] = @ - 1]
  /\ admitted' = admitted + 1
  /\ UNCHANGED <<now, filled, pool, asks, grant, back, dry, seen, since>>

(* R5 *)
GiveBack(s) ==
  /\ credit[s] > 0
  /\ back' = [back EXCEPT ![s] = @ + credit[s]]
  /\ credit' = [credit EXCEPT ![s] = 0]
  /\ UNCHANGED <<now, filled, pool, asks, grant, dry, seen, since, admitted>>

ComeBack(s) ==
  /\ back[s] > 0
  /\ pool' = pool + back[s]
  /\ seen' = [seen EXCEPT ![s] = @ - back[s]]
  /\ back' = [back EXCEPT ![s] = 0]
  /\ UNCHANGED <<now, filled, credit, asks, grant, dry, since, admitted>>

Next ==
  \/ Tick \/ Look \/ Refill
  \/ \E s \in Shards :
       \/ Ask(s) \/ Answer(s) \/ Arrive(s) \/ Lose(s) \/ Admit(s) \/ GiveBack(s) \/ ComeBack(s)

Spec == Init /\ [][Next]_vars

TypeOK ==
  /\ now \in 0..End /\ filled \in 0..now /\ since \in 0..now
  /\ pool \in Nat /\ admitted \in Nat
  /\ {credit, grant, back, seen} \subseteq [Shards -> Nat]
  /\ asks \subseteq Shards /\ dry \subseteq Shards

(* Tokens are nowhere made but by the refill, and never beyond the burst. *)
Bounded == CountsCredit => pool + Sum(credit) + Sum(grant) + Sum(back) <= Burst

(* What the home believes is no less than what is there. *)
SeesEnough == \A s \in Shards : seen[s] >= credit[s] + grant[s] + back[s]

(* b + r * t, with b = Burst + Rate * Delay. *)
NoOvershoot == admitted <= Burst + Rate * Delay + Rate * (now - since)
=============================================================================
