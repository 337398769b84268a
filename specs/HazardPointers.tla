--------------------------- MODULE HazardPointers ---------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* The hazard pointers of <nw/hazard.h> (src/reclaim/hazard.c): readers    *)
(* that publish what they are about to use, and a writer that replaces an  *)
(* object, retires the old one, scans what is published and frees the      *)
(* rest.                                                                   *)
(*                                                                         *)
(* What a reader stores goes through a store buffer, first in, first out,  *)
(* as on x86; so the reader can read the link again before anybody sees    *)
(* what it published.  The algorithm stands on one of two remedies, and    *)
(* Fence says which:                                                       *)
(*   "reader"   the reader waits for its store to be seen (a full fence)   *)
(*   "scan"     the scan makes every reader's CPU run a fence first        *)
(*              (membarrier), so that the reader pays nothing              *)
(*   "none"     known bad (HazardPointersNoFence)                          *)
(* And it stands on reading the link again after publishing: Validate.     *)
(* Without it (HazardPointersNoValidate) an object may have been freed     *)
(* before it was published.                                                *)
(*                                                                         *)
(* What the model leaves out: loads out of order, threads that come and    *)
(* go, and objects whose memory is used again, which is the same as a use  *)
(* after the free.                                                         *)
(***************************************************************************)
EXTENDS Integers, Sequences, FiniteSets

CONSTANTS
  Readers,      \* a set of readers, one slot each
  ObjectCount,  \* the writer links 1 first, then 2, ... ObjectCount
  BufferMax,    \* stores that wait in a reader's buffer, at most
  Fence,        \* "reader", "scan" or "none"
  Validate      \* TRUE: the reader reads the link again

Objects == 1..ObjectCount
None == 0

ASSUME /\ ObjectCount \in Nat \ {0}
       /\ BufferMax \in Nat \ {0}
       /\ Fence \in {"reader", "scan", "none"}
       /\ Validate \in BOOLEAN

VARIABLES
  link,     \* the object that readers find
  slot,     \* slot[r]: what reader r has published, as others see it
  buffer,   \* buffer[r]: what it has published and others do not see yet
  reader,   \* each reader's registers
  writer,   \* the writer's registers
  retired,  \* unlinked, not yet freed
  freed

vars == <<link, slot, buffer, reader, writer, retired, freed>>

Init ==
  /\ link = 1
  /\ slot = [r \in Readers |-> None]
  /\ buffer = [r \in Readers |-> << >>]
  /\ reader = [r \in Readers |-> [at |-> "idle", seen |-> None]]
  /\ writer = [at |-> "idle", todo |-> {}, held |-> {}]
  /\ retired = {}
  /\ freed = {}

(* The oldest store of a reader becomes visible.                           *)
Drain(r) ==
  /\ buffer[r] # << >>
  /\ slot' = [slot EXCEPT ![r] = Head(buffer[r])]
  /\ buffer' = [buffer EXCEPT ![r] = Tail(@)]
  /\ UNCHANGED <<link, reader, writer, retired, freed>>

(***************************************************************************)
(* A reader.                                                               *)
(***************************************************************************)
Load(r) ==
  /\ reader[r].at = "idle"
  /\ reader' = [reader EXCEPT ![r] = [at |-> "publish", seen |-> link]]
  /\ UNCHANGED <<link, slot, buffer, writer, retired, freed>>

Publish(r) ==
  /\ reader[r].at = "publish"
  /\ Len(buffer[r]) < BufferMax
  /\ buffer' = [buffer EXCEPT ![r] = Append(@, reader[r].seen)]
  /\ reader' = [reader EXCEPT ![r].at = "check"]
  /\ UNCHANGED <<link, slot, writer, retired, freed>>

(* The same object is linked still: it was not retired before its          *)
(* publication.  Another one: that one instead.                            *)
Check(r) ==
  /\ reader[r].at = "check"
  /\ Fence = "reader" => buffer[r] = << >>
  /\ reader' = [reader EXCEPT ![r] =
       IF Validate /\ link # @.seen
       THEN [at |-> "publish", seen |-> link]
       ELSE [@ EXCEPT !.at = "use"]]
  /\ UNCHANGED <<link, slot, buffer, writer, retired, freed>>

Clear(r) ==
  /\ reader[r].at = "use"
  /\ Len(buffer[r]) < BufferMax
  /\ buffer' = [buffer EXCEPT ![r] = Append(@, None)]
  /\ reader' = [reader EXCEPT ![r] = [at |-> "idle", seen |-> None]]
  /\ UNCHANGED <<link, slot, writer, retired, freed>>

(***************************************************************************)
(* The writer.  Its read-modify-write of the link has no buffer to wait    *)
(* in.                                                                     *)
(***************************************************************************)
Unlink ==
  /\ writer.at = "idle"
  /\ link < ObjectCount
  /\ link' = link + 1
  /\ retired' = retired \cup {link}
  /\ writer' = [at |-> "fence", todo |-> Readers, held |-> {}]
  /\ UNCHANGED <<slot, buffer, reader, freed>>

(* membarrier: before it returns, each reader's buffer was empty once.     *)
Barrier(r) ==
  /\ writer.at = "fence"
  /\ r \in writer.todo
  /\ IF Fence = "scan" /\ buffer[r] # << >>
     THEN /\ slot' = [slot EXCEPT ![r] = buffer[r][Len(buffer[r])]]
          /\ buffer' = [buffer EXCEPT ![r] = << >>]
     ELSE UNCHANGED <<slot, buffer>>
  /\ writer' = [writer EXCEPT !.todo = @ \ {r}]
  /\ UNCHANGED <<link, reader, retired, freed>>

BeginScan ==
  /\ writer.at = "fence"
  /\ writer.todo = {}
  /\ writer' = [writer EXCEPT !.at = "scan", !.todo = Readers]
  /\ UNCHANGED <<link, slot, buffer, reader, retired, freed>>

Look(r) ==
  /\ writer.at = "scan"
  /\ r \in writer.todo
  /\ writer' = [writer EXCEPT !.todo = @ \ {r}, !.held = @ \cup {slot[r]}]
  /\ UNCHANGED <<link, slot, buffer, reader, retired, freed>>

Free ==
  /\ writer.at = "scan"
  /\ writer.todo = {}
  /\ freed' = freed \cup (retired \ writer.held)
  /\ retired' = retired \cap writer.held
  /\ writer' = [at |-> "idle", todo |-> {}, held |-> {}]
  /\ UNCHANGED <<link, slot, buffer, reader>>

Next ==
  \/ Unlink \/ BeginScan \/ Free
  \/ \E r \in Readers :
       Drain(r) \/ Load(r) \/ Publish(r) \/ Check(r) \/ Clear(r) \/ Barrier(r) \/ Look(r)

Spec == Init /\ [][Next]_vars

(***************************************************************************)
(* What must hold.                                                         *)
(***************************************************************************)
TypeOK ==
  /\ link \in Objects
  /\ slot \in [Readers -> Objects \cup {None}]
  /\ \A r \in Readers :
       /\ Len(buffer[r]) <= BufferMax
       /\ reader[r].at \in {"idle", "publish", "check", "use"}
       /\ reader[r].seen \in Objects \cup {None}
  /\ writer.at \in {"idle", "fence", "scan"}
  /\ retired \subseteq Objects
  /\ freed \subseteq Objects

(* Nobody uses an object that was freed.                                   *)
NoUseAfterFree == \A r \in Readers : reader[r].at = "use" => reader[r].seen \notin freed

(* However long readers sleep: one object for each, and the one at hand.   *)
GarbageIsBounded == Cardinality(retired) <= Cardinality(Readers) + 1

(* Each object is in one place.                                            *)
NothingLost ==
  /\ retired \cap freed = {}
  /\ retired \cup freed = 1..(link - 1)
=============================================================================
