------------------------------ MODULE ChaseLev ------------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* The work-stealing deque of <nw/deque.h> (src/map/deque.c): one owner    *)
(* that pushes and pops at the bottom, thieves that take at the top, slots *)
(* that double when full, and outgrown slots that are freed when no        *)
(* thief's hazard pointer names them.                                      *)
(*                                                                         *)
(* The memory is not sequentially consistent: what the owner stores goes   *)
(* through a store buffer, first in, first out, as on x86.  So the one     *)
(* fence that the algorithm cannot do without, in pop between the store of *)
(* bottom and the load of top, is a constant here: Fenced.  With it, every *)
(* item is delivered once.  Without it (ChaseLevNoFence) one is delivered  *)
(* twice.  Hazards likewise: without them (ChaseLevEarlyFree) a thief      *)
(* reads freed slots.                                                      *)
(*                                                                         *)
(* What the model leaves out: loads out of order (the proof by tags in the *)
(* source, and a weak-memory checker, are for these), and how a hazard     *)
(* pointer is published; a thief protects the slots in one step.           *)
(***************************************************************************)
EXTENDS Integers, Sequences

CONSTANTS
  Thieves,    \* a set of thieves
  ItemCount,  \* the owner pushes 1, 2, ... ItemCount, in this order
  SlotCount,  \* slots at first
  Fenced,     \* TRUE: pop waits for its store to be seen before it loads top
  Hazards     \* TRUE: slots are freed only when no thief protects them

Items == 1..ItemCount
None == 0
(* Arrays are numbered as they come; each has twice the slots of the one   *)
(* before, and ItemCount doublings are always enough.                      *)
Arrays == 1..(ItemCount + 1)
Slots[a \in Arrays] == IF a = 1 THEN SlotCount ELSE 2 * Slots[a - 1]

ASSUME /\ ItemCount \in Nat \ {0}
       /\ SlotCount \in Nat \ {0}
       /\ Fenced \in BOOLEAN
       /\ Hazards \in BOOLEAN

VARIABLES
  top,        \* next index to steal
  bottom,     \* next index to push, as thieves see it
  array,      \* number of the newest array, as thieves see it
  slot,       \* slot[a][i]: as thieves see them
  buffer,     \* the owner's stores that nobody else sees yet, oldest first
  freed,      \* arrays that were given back
  owner,      \* the owner's registers
  thief,      \* each thief's registers
  taken       \* taken[x]: how often x was delivered

vars == <<top, bottom, array, slot, buffer, freed, owner, thief, taken>>
shared == <<top, bottom, array, slot>>

Init ==
  /\ top = 0
  /\ bottom = 0
  /\ array = 1
  /\ slot = [a \in Arrays |-> [i \in 0..(Slots[a] - 1) |-> None]]
  /\ buffer = << >>
  /\ freed = {}
  /\ owner = [at |-> "idle", bottom |-> 0, array |-> 1, pushed |-> 0]
  /\ thief = [t \in Thieves |-> [at |-> "idle", top |-> 0, array |-> None, item |-> None]]
  /\ taken = [x \in Items |-> 0]

(***************************************************************************)
(* The store buffer.  Entries differ only in what they write.              *)
(***************************************************************************)
StoreSlot(a, i, x) == [to |-> "slot", array |-> a, idx |-> i, value |-> x]
StoreBottom(b) == [to |-> "bottom", array |-> None, idx |-> None, value |-> b]
StoreArray(a) == [to |-> "array", array |-> None, idx |-> None, value |-> a]

(* The oldest store becomes visible; the machine does so when it likes.    *)
Drain ==
  /\ buffer # << >>
  /\ LET store == Head(buffer) IN
       /\ bottom' = IF store.to = "bottom" THEN store.value ELSE bottom
       /\ array' = IF store.to = "array" THEN store.value ELSE array
       /\ slot' = IF store.to = "slot"
                  THEN [slot EXCEPT ![store.array][store.idx] = store.value]
                  ELSE slot
  /\ buffer' = Tail(buffer)
  /\ UNCHANGED <<top, freed, owner, thief, taken>>

(* What the owner reads back: its own newest store, else the memory.       *)
OwnSlot(a, i) ==
  LET own == {k \in 1..Len(buffer) :
                /\ buffer[k].to = "slot"
                /\ buffer[k].array = a
                /\ buffer[k].idx = i}
  IN IF own = {}
     THEN slot[a][i]
     ELSE buffer[CHOOSE k \in own : \A j \in own : j <= k].value

(***************************************************************************)
(* The owner.                                                              *)
(***************************************************************************)
Push ==
  /\ owner.at = "idle"
  /\ owner.pushed < ItemCount
  /\ owner.bottom - top < Slots[owner.array]
  /\ LET x == owner.pushed + 1
         i == owner.bottom % Slots[owner.array]
     IN /\ buffer' = buffer \o <<StoreSlot(owner.array, i, x), StoreBottom(owner.bottom + 1)>>
        /\ owner' = [owner EXCEPT !.pushed = x, !.bottom = @ + 1]
  /\ UNCHANGED <<shared, freed, thief, taken>>

(* All slots are taken: copy them to the next array, then publish it.  The *)
(* copy lands before the pointer does, since the buffer keeps the order.   *)
Grow ==
  /\ owner.at = "idle"
  /\ owner.pushed < ItemCount
  /\ owner.bottom - top >= Slots[owner.array]
  /\ LET old == owner.array
         new == owner.array + 1
         Copied(k) == LET i == top + k - 1
                      IN StoreSlot(new, i % Slots[new], OwnSlot(old, i % Slots[old]))
     IN /\ buffer' = buffer \o [k \in 1..(owner.bottom - top) |-> Copied(k)]
                            \o <<StoreArray(new)>>
        /\ owner' = [owner EXCEPT !.array = new]
  /\ UNCHANGED <<shared, freed, thief, taken>>

(* bottom = bottom - 1: from here on thieves may no longer take that item, *)
(* as soon as they see it.                                                 *)
PopClaim ==
  /\ owner.at = "idle"
  /\ owner.bottom > 0
  /\ buffer' = Append(buffer, StoreBottom(owner.bottom - 1))
  /\ owner' = [owner EXCEPT !.at = "claimed", !.bottom = @ - 1]
  /\ UNCHANGED <<shared, freed, thief, taken>>

OwnTop == OwnSlot(owner.array, owner.bottom % Slots[owner.array])

(* More than one item: no thief can have the one at the bottom.            *)
PopPlain ==
  /\ owner.at = "claimed"
  /\ Fenced => buffer = << >>
  /\ top < owner.bottom
  /\ taken' = [taken EXCEPT ![OwnTop] = @ + 1]
  /\ owner' = [owner EXCEPT !.at = "idle"]
  /\ UNCHANGED <<shared, buffer, freed, thief>>

(* None or one left: the last one is won by moving top, in PopLast.        *)
PopLook ==
  /\ owner.at = "claimed"
  /\ Fenced => buffer = << >>
  /\ top >= owner.bottom
  /\ IF top = owner.bottom
     THEN /\ owner' = [owner EXCEPT !.at = "last"]
          /\ UNCHANGED buffer
     ELSE /\ owner' = [owner EXCEPT !.at = "idle", !.bottom = @ + 1]
          /\ buffer' = Append(buffer, StoreBottom(owner.bottom + 1))
  /\ UNCHANGED <<shared, freed, thief, taken>>

(* A compare-and-swap waits for the buffer by itself.                      *)
PopLast ==
  /\ owner.at = "last"
  /\ buffer = << >>
  /\ IF top = owner.bottom
     THEN /\ top' = top + 1
          /\ taken' = [taken EXCEPT ![OwnTop] = @ + 1]
     ELSE UNCHANGED <<top, taken>>
  /\ buffer' = <<StoreBottom(owner.bottom + 1)>>
  /\ owner' = [owner EXCEPT !.at = "idle", !.bottom = @ + 1]
  /\ UNCHANGED <<bottom, array, slot, freed, thief>>

(* Outgrown slots go when everybody sees newer ones and nobody reads them. *)
Free(a) ==
  /\ a < array
  /\ a \notin freed
  /\ Hazards => \A t \in Thieves : thief[t].array # a
  /\ freed' = freed \cup {a}
  /\ UNCHANGED <<shared, buffer, owner, thief, taken>>

(***************************************************************************)
(* A thief.                                                                *)
(***************************************************************************)
Idle == [at |-> "idle", top |-> 0, array |-> None, item |-> None]

StealTop(t) ==
  /\ thief[t].at = "idle"
  /\ thief' = [thief EXCEPT ![t].at = "bottom", ![t].top = top]
  /\ UNCHANGED <<shared, buffer, freed, owner, taken>>

StealBottom(t) ==
  /\ thief[t].at = "bottom"
  /\ thief' = [thief EXCEPT ![t] = IF @.top >= bottom THEN Idle ELSE [@ EXCEPT !.at = "array"]]
  /\ UNCHANGED <<shared, buffer, freed, owner, taken>>

StealProtect(t) ==
  /\ thief[t].at = "array"
  /\ thief' = [thief EXCEPT ![t].at = "slot", ![t].array = array]
  /\ UNCHANGED <<shared, buffer, freed, owner, taken>>

StealRead(t) ==
  /\ thief[t].at = "slot"
  /\ LET a == thief[t].array
     IN thief' = [thief EXCEPT ![t].at = "swap", ![t].item = slot[a][thief[t].top % Slots[a]]]
  /\ UNCHANGED <<shared, buffer, freed, owner, taken>>

StealSwap(t) ==
  /\ thief[t].at = "swap"
  /\ IF top = thief[t].top
     THEN /\ top' = top + 1
          /\ taken' = [taken EXCEPT ![thief[t].item] = @ + 1]
     ELSE UNCHANGED <<top, taken>>
  /\ thief' = [thief EXCEPT ![t] = Idle]
  /\ UNCHANGED <<bottom, array, slot, buffer, freed, owner>>

Next ==
  \/ Push \/ Grow \/ PopClaim \/ PopPlain \/ PopLook \/ PopLast \/ Drain
  \/ \E a \in Arrays : Free(a)
  \/ \E t \in Thieves :
       StealTop(t) \/ StealBottom(t) \/ StealProtect(t) \/ StealRead(t) \/ StealSwap(t)

Spec == Init /\ [][Next]_vars

(***************************************************************************)
(* What must hold.                                                         *)
(***************************************************************************)
TypeOK ==
  /\ top \in 0..ItemCount
  /\ bottom \in 0..ItemCount
  /\ array \in Arrays
  /\ owner.at \in {"idle", "claimed", "last"}
  /\ \A t \in Thieves : thief[t].at \in {"idle", "bottom", "array", "slot", "swap"}

(* Nothing is delivered twice.                                             *)
AtMostOnce == \A x \in Items : taken[x] <= 1

(* A thief that is about to win holds an item that was pushed.             *)
NoGarbage == \A t \in Thieves :
  (thief[t].at = "swap" /\ thief[t].top = top) => thief[t].item # None

(* Nobody is about to read slots that were given back.                     *)
NoUseAfterFree == \A t \in Thieves : thief[t].at = "slot" => thief[t].array \notin freed

(* When nothing is under way, what was pushed was delivered or is inside.  *)
Conserved ==
  (owner.at = "idle" /\ buffer = << >>) =>
    \A x \in 1..owner.pushed :
      \/ taken[x] = 1
      \/ \E i \in top..(bottom - 1) : slot[array][i % Slots[array]] = x
=============================================================================
