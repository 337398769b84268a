--------------------------- MODULE RcuGracePeriod ---------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* The grace period of <nw/rcu.h> (src/reclaim/rcu.c).  A reader           *)
(* announces the period it found when its section began; a writer unlinks  *)
(* an object, begins a new period, and frees when no reader is in a        *)
(* section of an older one.                                                *)
(*                                                                         *)
(* Announcements go through a store buffer, as in HazardPointers, and      *)
(* Fence has the same three values: "reader", "scan" (membarrier), and     *)
(* "none", which is known bad (RcuGracePeriodNoFence).                     *)
(*                                                                         *)
(* Periods are counted and never repeat.  With Phases = 2 the count is     *)
(* kept modulo two, as in implementations that flip a bit: then Flips = 1  *)
(* is known bad (RcuGracePeriodOneFlip), for a reader may find the bit,    *)
(* sleep over a period, and announce what has become the new value again;  *)
(* Flips = 2 is right.                                                     *)
(*                                                                         *)
(* What the model leaves out: loads out of order, nested sections (the     *)
(* outermost alone announces), callbacks, threads that come and go.        *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
  Readers,      \* a set of readers
  ObjectCount,  \* the writer links 1 first, then 2, ... ObjectCount
  BufferMax,    \* stores that wait in a reader's buffer, at most
  Fence,        \* "reader", "scan" or "none"
  Phases,       \* 0: periods are counted; 2: kept modulo two
  Flips         \* new periods to wait for, for one grace period

Objects == 1..ObjectCount
None == 0

ASSUME /\ ObjectCount \in Nat \ {0}
       /\ BufferMax \in Nat \ {0}
       /\ Fence \in {"reader", "scan", "none"}
       /\ Phases \in {0, 2}
       /\ Flips \in {1, 2}

VARIABLES
  link,    \* the object that readers find
  period,  \* the newest period: 1, 2, 3, ... or, with Phases, 1, 2, 1, 2
  state,   \* state[r]: 0 outside, else the period announced, as others see it
  buffer,  \* buffer[r]: announcements that others do not see yet
  reader,  \* each reader's registers
  writer,  \* the writer's registers
  freed

vars == <<link, period, state, buffer, reader, writer, freed>>

Outside == 0
NextPeriod == IF Phases = 0 THEN period + 1 ELSE 3 - period

(* Whether an announcement holds the newest period up.                     *)
IsOlder(p) == p # Outside /\ (IF Phases = 0 THEN p < period ELSE p # period)

Init ==
  /\ link = 1
  /\ period = 1
  /\ state = [r \in Readers |-> Outside]
  /\ buffer = [r \in Readers |-> << >>]
  /\ reader = [r \in Readers |-> [at |-> "idle", period |-> 0, seen |-> None]]
  /\ writer = [at |-> "idle", old |-> None, flips |-> 0, todo |-> {}]
  /\ freed = {}

Drain(r) ==
  /\ buffer[r] # << >>
  /\ state' = [state EXCEPT ![r] = Head(buffer[r])]
  /\ buffer' = [buffer EXCEPT ![r] = Tail(@)]
  /\ UNCHANGED <<link, period, reader, writer, freed>>

(***************************************************************************)
(* A reader.                                                               *)
(***************************************************************************)
LoadPeriod(r) ==
  /\ reader[r].at = "idle"
  /\ reader' = [reader EXCEPT ![r].at = "announce", ![r].period = period]
  /\ UNCHANGED <<link, period, state, buffer, writer, freed>>

Announce(r) ==
  /\ reader[r].at = "announce"
  /\ Len(buffer[r]) < BufferMax
  /\ buffer' = [buffer EXCEPT ![r] = Append(@, reader[r].period)]
  /\ reader' = [reader EXCEPT ![r].at = "inside"]
  /\ UNCHANGED <<link, period, state, writer, freed>>

Dereference(r) ==
  /\ reader[r].at = "inside"
  /\ Fence = "reader" => buffer[r] = << >>
  /\ reader' = [reader EXCEPT ![r].at = "use", ![r].seen = link]
  /\ UNCHANGED <<link, period, state, buffer, writer, freed>>

Unlock(r) ==
  /\ reader[r].at = "use"
  /\ Len(buffer[r]) < BufferMax
  /\ buffer' = [buffer EXCEPT ![r] = Append(@, Outside)]
  /\ reader' = [reader EXCEPT ![r] = [at |-> "idle", period |-> 0, seen |-> None]]
  /\ UNCHANGED <<link, period, state, writer, freed>>

(***************************************************************************)
(* The writer.                                                             *)
(***************************************************************************)
Unlink ==
  /\ writer.at = "idle"
  /\ link < ObjectCount
  /\ link' = link + 1
  /\ writer' = [at |-> "begin", old |-> link, flips |-> 0, todo |-> {}]
  /\ UNCHANGED <<period, state, buffer, reader, freed>>

Begin ==
  /\ writer.at = "begin"
  /\ period' = NextPeriod
  /\ writer' = [writer EXCEPT !.at = "fence", !.flips = @ + 1, !.todo = Readers]
  /\ UNCHANGED <<link, state, buffer, reader, freed>>

(* membarrier: before it returns, each reader's buffer was empty once.     *)
Barrier(r) ==
  /\ writer.at = "fence"
  /\ r \in writer.todo
  /\ IF Fence = "scan" /\ buffer[r] # << >>
     THEN /\ state' = [state EXCEPT ![r] = buffer[r][Len(buffer[r])]]
          /\ buffer' = [buffer EXCEPT ![r] = << >>]
     ELSE UNCHANGED <<state, buffer>>
  /\ writer' = [writer EXCEPT !.todo = @ \ {r}]
  /\ UNCHANGED <<link, period, reader, freed>>

BeginScan ==
  /\ writer.at = "fence"
  /\ writer.todo = {}
  /\ writer' = [writer EXCEPT !.at = "scan", !.todo = Readers]
  /\ UNCHANGED <<link, period, state, buffer, reader, freed>>

(* Each reader is seen quiet once.                                         *)
Look(r) ==
  /\ writer.at = "scan"
  /\ r \in writer.todo
  /\ ~IsOlder(state[r])
  /\ writer' = [writer EXCEPT !.todo = @ \ {r}]
  /\ UNCHANGED <<link, period, state, buffer, reader, freed>>

End ==
  /\ writer.at = "scan"
  /\ writer.todo = {}
  /\ IF writer.flips < Flips
     THEN /\ writer' = [writer EXCEPT !.at = "begin"]
          /\ UNCHANGED freed
     ELSE /\ writer' = [at |-> "idle", old |-> None, flips |-> 0, todo |-> {}]
          /\ freed' = freed \cup {writer.old}
  /\ UNCHANGED <<link, period, state, buffer, reader>>

Next ==
  \/ Unlink \/ Begin \/ BeginScan \/ End
  \/ \E r \in Readers :
       \/ Drain(r) \/ LoadPeriod(r) \/ Announce(r) \/ Dereference(r) \/ Unlock(r)
       \/ Barrier(r) \/ Look(r)

Spec == Init /\ [][Next]_vars

(***************************************************************************)
(* What must hold.                                                         *)
(***************************************************************************)
TypeOK ==
  /\ link \in Objects
  /\ period \in 1..(Flips * ObjectCount + 1)
  /\ \A r \in Readers :
       /\ state[r] \in 0..period \cup {1, 2}
       /\ Len(buffer[r]) <= BufferMax
       /\ reader[r].at \in {"idle", "announce", "inside", "use"}
       /\ reader[r].seen \in Objects \cup {None}
  /\ writer.at \in {"idle", "begin", "fence", "scan"}
  /\ freed \subseteq Objects

(* Nobody uses an object that was freed.                                   *)
NoUseAfterFree == \A r \in Readers : reader[r].at = "use" => reader[r].seen \notin freed

(* What is linked is not freed, and only what was unlinked is.             *)
FreedWasUnlinked == freed \subseteq 1..(link - 1)
=============================================================================
