------------------------------ MODULE MSQueue ------------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* The queue of <nw/queue.h> (src/map/queue.c): Michael and Scott's, over  *)
(* hazard pointers, with links that are freed and used again.              *)
(*                                                                         *)
(* A link is free, held by a producer, in the queue, or retired.  A        *)
(* retired link is freed, at any time, by a step that finds it in nobody's *)
(* hazard slots.  Every access to a link's fields is a step of its own,    *)
(* and NoUseAfterFree wants that link not to be given back then.           *)
(*                                                                         *)
(* A consumer reads the item after its swap of head, and out of a link     *)
(* that its second slot has held since before: at the swap that link was   *)
(* the next of the dummy, hence not retired, hence it is not freed until   *)
(* the slot is cleared.  Without the second slot (MSQueueOneHazard) others *)
(* may have popped past the link and freed it before the item is read.     *)
(*                                                                         *)
(* Linearization.  `entered` has the items in the order of the swaps of    *)
(* next, `gone` in the order of the swaps of head.  FIFO says that gone is *)
(* a beginning of entered; EmptyIsTrue that whoever answers "empty" saw    *)
(* the queue empty at one moment of its call.  Memory is sequentially      *)
(* consistent here; how slots are published is for the reclamation's own   *)
(* specifications.                                                         *)
(***************************************************************************)
EXTENDS Integers, Sequences

CONSTANTS
  Producers, Consumers,  \* disjoint sets of numbers: threads
  LinkCount,             \* links that there are
  PushCount,             \* pushes of each producer, below 10
  PopCount,              \* pops of each consumer
  TwoSlots               \* TRUE: the dummy's next is protected as well

Threads == Producers \cup Consumers
Links == 1..LinkCount
None == 0    \* no link
NoItem == 0

ASSUME /\ Producers \cap Consumers = {}
       /\ Threads \subseteq Nat \ {0}
       /\ PushCount \in 1..9
       /\ TwoSlots \in BOOLEAN

VARIABLES
  head, tail,  \* links
  next,        \* next[l]: a link or None
  item,        \* item[l]: what it carries
  state,       \* state[l]: "free", "held", "queued" or "retired"
  slots,       \* slots[t]: the hazard slots, a pair
  pc,          \* pc[t]: what the thread does next
  reg,         \* reg[t]: its registers
  left,        \* left[t]: operations it still makes
  entered,     \* items in the order they came
  gone         \* items in the order they went

vars == <<head, tail, next, item, state, slots, pc, reg, left, entered, gone>>

NoSlots == <<None, None>>
NoRegs == [link |-> None, end |-> None, next |-> None, want |-> NoItem, sawEmpty |-> FALSE]

Init ==
  /\ head = 1  \* the first dummy
  /\ tail = 1
  /\ state = [l \in Links |-> IF l = 1 THEN "queued" ELSE "free"]
  /\ next = [l \in Links |-> None]
  /\ item = [l \in Links |-> NoItem]
  /\ slots = [t \in Threads |-> NoSlots]
  /\ pc = [t \in Threads |-> "idle"]
  /\ reg = [t \in Threads |-> NoRegs]
  /\ left = [t \in Threads |-> IF t \in Producers THEN PushCount ELSE PopCount]
  /\ entered = << >>
  /\ gone = << >>

Goto(t, label) == pc' = [pc EXCEPT ![t] = label]
Set(t, slot, l) == slots' = [slots EXCEPT ![t][slot] = l]

(* The call is over: slots are cleared, registers forgotten.               *)
Done(t) ==
  /\ Goto(t, "idle")
  /\ slots' = [slots EXCEPT ![t] = NoSlots]
  /\ reg' = [reg EXCEPT ![t] = NoRegs]
  /\ left' = [left EXCEPT ![t] = @ - 1]

(***************************************************************************)
(* Push.                                                                   *)
(***************************************************************************)
PushTake(t) ==  \* a link from the slab, with an item that there is only once
  /\ pc[t] = "idle" /\ left[t] > 0
  /\ \E l \in Links :
       /\ state[l] = "free"
       /\ state' = [state EXCEPT ![l] = "held"]
       /\ next' = [next EXCEPT ![l] = None]
       /\ reg' = [reg EXCEPT ![t].link = l]
       /\ item' = [item EXCEPT ![l] = 10 * t + left[t]]
  /\ Goto(t, "p_tail")
  /\ UNCHANGED <<head, tail, slots, left, entered, gone>>

PushTail(t) ==
  /\ pc[t] = "p_tail"
  /\ reg' = [reg EXCEPT ![t].end = tail]
  /\ Goto(t, "p_set")
  /\ UNCHANGED <<head, tail, next, item, state, slots, left, entered, gone>>

PushSet(t) ==
  /\ pc[t] = "p_set"
  /\ Set(t, 1, reg[t].end)
  /\ Goto(t, "p_check")
  /\ UNCHANGED <<head, tail, next, item, state, reg, left, entered, gone>>

PushCheck(t) ==
  /\ pc[t] = "p_check"
  /\ Goto(t, IF tail = reg[t].end THEN "p_swap" ELSE "p_tail")
  /\ UNCHANGED <<head, tail, next, item, state, slots, reg, left, entered, gone>>

PushSwap(t) ==  \* reads and writes next of reg.end
  /\ pc[t] = "p_swap"
  /\ LET end == reg[t].end
         link == reg[t].link
     IN IF next[end] = None
        THEN /\ next' = [next EXCEPT ![end] = link]
             /\ state' = [state EXCEPT ![link] = "queued"]
             /\ entered' = Append(entered, item[link])
             /\ Goto(t, "p_move")
             /\ UNCHANGED reg
        ELSE /\ reg' = [reg EXCEPT ![t].next = next[end]]
             /\ Goto(t, "p_help")
             /\ UNCHANGED <<next, state, entered>>
  /\ UNCHANGED <<head, tail, item, slots, left, gone>>

PushHelp(t) ==
  /\ pc[t] = "p_help"
  /\ tail' = IF tail = reg[t].end THEN reg[t].next ELSE tail
  /\ Goto(t, "p_tail")
  /\ UNCHANGED <<head, next, item, state, slots, reg, left, entered, gone>>

PushMove(t) ==
  /\ pc[t] = "p_move"
  /\ tail' = IF tail = reg[t].end THEN reg[t].link ELSE tail
  /\ Done(t)
  /\ UNCHANGED <<head, next, item, state, entered, gone>>

(***************************************************************************)
(* Pop.                                                                    *)
(***************************************************************************)
PopHead(t) ==
  /\ (pc[t] = "idle" /\ left[t] > 0) \/ pc[t] = "c_head"
  /\ reg' = [reg EXCEPT ![t].end = head]
  /\ Goto(t, "c_set")
  /\ UNCHANGED <<head, tail, next, item, state, slots, left, entered, gone>>

PopSet(t) ==
  /\ pc[t] = "c_set"
  /\ Set(t, 1, reg[t].end)
  /\ Goto(t, "c_check")
  /\ UNCHANGED <<head, tail, next, item, state, reg, left, entered, gone>>

PopCheck(t) ==
  /\ pc[t] = "c_check"
  /\ Goto(t, IF head = reg[t].end THEN "c_next" ELSE "c_head")
  /\ UNCHANGED <<head, tail, next, item, state, slots, reg, left, entered, gone>>

PopNext(t) ==  \* reads next of reg.end; what it sees decides "empty"
  /\ pc[t] = "c_next"
  /\ LET n == next[reg[t].end]
     IN /\ reg' = [reg EXCEPT ![t].next = n, ![t].sawEmpty = (Len(entered) = Len(gone))]
        /\ Goto(t, IF n = None THEN "c_empty" ELSE "c_set_next")
  /\ UNCHANGED <<head, tail, next, item, state, slots, left, entered, gone>>

PopEmpty(t) ==
  /\ pc[t] = "c_empty"
  /\ Done(t)
  /\ UNCHANGED <<head, tail, next, item, state, entered, gone>>

PopSetNext(t) ==
  /\ pc[t] = "c_set_next"
  /\ IF TwoSlots THEN Set(t, 2, reg[t].next) ELSE UNCHANGED slots
  /\ Goto(t, "c_tail")
  /\ UNCHANGED <<head, tail, next, item, state, reg, left, entered, gone>>

PopTail(t) ==  \* a tail that lags is moved first
  /\ pc[t] = "c_tail"
  /\ tail' = IF tail = reg[t].end THEN reg[t].next ELSE tail
  /\ Goto(t, "c_swap")
  /\ UNCHANGED <<head, next, item, state, slots, reg, left, entered, gone>>

PopSwap(t) ==
  /\ pc[t] = "c_swap"
  /\ IF head = reg[t].end
     THEN /\ head' = reg[t].next
          /\ gone' = Append(gone, item[reg[t].next])
          /\ reg' = [reg EXCEPT ![t].want = item[reg[t].next]]
          /\ Goto(t, "c_item")
     ELSE /\ Goto(t, "c_head")
          /\ UNCHANGED <<head, gone, reg>>
  /\ UNCHANGED <<tail, next, item, state, slots, left, entered>>

PopItem(t) ==  \* reads the item of reg.next, then retires the dummy
  /\ pc[t] = "c_item"
  /\ state' = [state EXCEPT ![reg[t].end] = "retired"]
  /\ Done(t)
  /\ UNCHANGED <<head, tail, next, item, entered, gone>>

(* A scan frees a retired link that no slot holds.                         *)
Free(l) ==
  /\ state[l] = "retired"
  /\ \A t \in Threads : slots[t][1] # l /\ slots[t][2] # l
  /\ state' = [state EXCEPT ![l] = "free"]
  /\ UNCHANGED <<head, tail, next, item, slots, pc, reg, left, entered, gone>>

Next ==
  \/ \E t \in Producers :
       \/ PushTake(t) \/ PushTail(t) \/ PushSet(t) \/ PushCheck(t)
       \/ PushSwap(t) \/ PushHelp(t) \/ PushMove(t)
  \/ \E t \in Consumers :
       \/ PopHead(t) \/ PopSet(t) \/ PopCheck(t) \/ PopNext(t) \/ PopEmpty(t)
       \/ PopSetNext(t) \/ PopTail(t) \/ PopSwap(t) \/ PopItem(t)
  \/ \E l \in Links : Free(l)

Spec == Init /\ [][Next]_vars

(***************************************************************************)
(* What must hold.                                                         *)
(***************************************************************************)
TypeOK ==
  /\ head \in Links
  /\ tail \in Links
  /\ \A l \in Links :
       /\ next[l] \in Links \cup {None}
       /\ state[l] \in {"free", "held", "queued", "retired"}
  /\ \A t \in Threads : slots[t][1] \in Links \cup {None} /\ slots[t][2] \in Links \cup {None}

(* What left is the beginning of what entered, in the same order.          *)
FIFO == Len(gone) <= Len(entered) /\ \A i \in 1..Len(gone) : gone[i] = entered[i]

(* Whoever says "empty" was right at the moment it read the dummy's next.  *)
EmptyIsTrue == \A t \in Consumers : pc[t] = "c_empty" => reg[t].sawEmpty

(* The ends are links of the queue, or just popped; never given back.      *)
EndsAreThere == state[head] = "queued" /\ state[tail] = "queued"

(* Nobody is about to read or swap a field of a link that was given back,  *)
(* and the item is still the one that the swap of head won.                *)
InUse(l) == state[l] \in {"queued", "retired"}
NoUseAfterFree == \A t \in Threads :
  /\ pc[t] \in {"p_swap", "c_next"} => InUse(reg[t].end)
  /\ pc[t] = "c_item" => InUse(reg[t].next) /\ item[reg[t].next] = reg[t].want
=============================================================================
