--------------------------- MODULE CheckpointRest ---------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* A level of routed exploration that is cut in two by a checkpoint        *)
(* (engines/explore/worker.c, checkpoint.c).  Who sees that one was asked  *)
(* for says so, once, and takes no more chunks; it goes on serving the     *)
(* others.  When all have said so, and no more is outstanding than the     *)
(* chunks that are left, they leave, write, and go on.                     *)
(*                                                                         *)
(* Safe: when one has left, there is nothing that is neither a chunk nor   *)
(* kept by its home: no batch, open or on its way, and no worker at work.  *)
(* All of them leave for the same reason: at the end of a level nobody     *)
(* writes, and before it nobody begins the next one.                       *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
  Workers,
  Chunks,      \* of the level
  Candidates,  \* successors that may be made in all: bounds the model
  Asks,        \* how often a checkpoint is asked for
  WaitsForAll  \* FALSE: who rests does not wait until all others do

ASSUME {Chunks, Candidates, Asks} \subseteq Nat /\ WaitsForAll \in BOOLEAN

VARIABLES
  chunks,      \* that nobody has taken
  made,        \* candidates made so far
  kept,        \* candidates that their homes have
  open,        \* [worker -> candidates in its open batch for another]
  ring,        \* [worker -> batches on their way to it, each of how many]
  token,       \* workers counted as holding work
  outstanding, \* the shared count
  asked,       \* how often a checkpoint was asked for
  pausing,     \* the request, until the workers have met
  resting,     \* workers that have seen it
  paused,      \* how many have said so
  left,        \* [worker -> "no", "over", "rest"]: why it has left
  pc           \* "look", "take", "expand"

vars == <<chunks, made, kept, open, ring, token, outstanding, asked, pausing, resting, paused, left, pc>>

Zero == [w \in Workers |-> 0]

Init ==
  /\ chunks = Chunks /\ made = 0 /\ kept = 0
  /\ open = Zero /\ ring = [w \in Workers |-> <<>>]
  /\ token = Workers /\ outstanding = Cardinality(Workers) + Chunks
  /\ asked = 0 /\ pausing = FALSE /\ resting = {} /\ paused = 0
  /\ left = [w \in Workers |-> "no"]
  /\ pc = [w \in Workers |-> "look"]

IsIn(w) == left[w] = "no"

Ask ==
  /\ asked < Asks
  /\ asked' = asked + 1
  /\ pausing' = TRUE
  /\ UNCHANGED <<chunks, made, kept, open, ring, token, outstanding, resting, paused, left, pc>>

(* Between two chunks. *)
Look(w) ==
  /\ IsIn(w) /\ pc[w] = "look" /\ w \notin resting
  /\ IF pausing
       THEN /\ resting' = resting \cup {w} /\ paused' = paused + 1
            /\ UNCHANGED pc
       ELSE /\ chunks > 0
            /\ pc' = [pc EXCEPT ![w] = "take"]
            /\ UNCHANGED <<resting, paused>>
  /\ UNCHANGED <<chunks, made, kept, open, ring, token, outstanding, asked, pausing, left>>

(* Another one may have been faster. *)
Take(w) ==
  /\ pc[w] = "take"
  /\ IF chunks = 0
       THEN /\ pc' = [pc EXCEPT ![w] = "look"]
            /\ UNCHANGED <<chunks, token, outstanding>>
       ELSE /\ chunks' = chunks - 1
            /\ token' = token \cup {w}
            /\ outstanding' = IF w \in token THEN outstanding ELSE outstanding + 1
            /\ pc' = [pc EXCEPT ![w] = "expand"]
  /\ UNCHANGED <<made, kept, open, ring, asked, pausing, resting, paused, left>>

(* Kept at once where it is its own, else put into the open batch. *)
Make(w) ==
  /\ pc[w] = "expand" /\ made < Candidates
  /\ made' = made + 1
  /\ \/ kept' = kept + 1 /\ UNCHANGED open
     \/ open' = [open EXCEPT ![w] = @ + 1] /\ UNCHANGED kept
  /\ UNCHANGED <<chunks, ring, token, outstanding, asked, pausing, resting, paused, left, pc>>

Expanded(w) ==
  /\ pc[w] = "expand"
  /\ outstanding' = outstanding - 1
  /\ pc' = [pc EXCEPT ![w] = "look"]
  /\ UNCHANGED <<chunks, made, kept, open, ring, token, asked, pausing, resting, paused, left>>

Send(w, home) ==
  /\ IsIn(w) /\ w # home /\ open[w] > 0
  /\ ring' = [ring EXCEPT ![home] = Append(@, open[w])]
  /\ open' = [open EXCEPT ![w] = 0]
  /\ outstanding' = outstanding + 1
  /\ UNCHANGED <<chunks, made, kept, token, asked, pausing, resting, paused, left, pc>>

Serve(w) ==
  /\ IsIn(w) /\ pc[w] = "look" /\ ring[w] # <<>>
  /\ kept' = kept + Head(ring[w])
  /\ ring' = [ring EXCEPT ![w] = Tail(@)]
  /\ outstanding' = outstanding - 1
  /\ UNCHANGED <<chunks, made, open, token, asked, pausing, resting, paused, left, pc>>

GiveUp(w) ==
  /\ IsIn(w) /\ pc[w] = "look" /\ w \in token /\ open[w] = 0
  /\ chunks = 0 \/ w \in resting
  /\ token' = token \ {w}
  /\ outstanding' = outstanding - 1
  /\ UNCHANGED <<chunks, made, kept, open, ring, asked, pausing, resting, paused, left, pc>>

Leave(w) ==
  /\ IsIn(w) /\ pc[w] = "look" /\ w \notin token
  /\ \/ outstanding = 0 /\ left' = [left EXCEPT ![w] = "over"]
     \/ /\ w \in resting /\ outstanding > 0
        /\ WaitsForAll => paused = Cardinality(Workers)
        /\ outstanding = chunks
        /\ left' = [left EXCEPT ![w] = "rest"]
  /\ UNCHANGED <<chunks, made, kept, open, ring, token, outstanding, asked, pausing, resting, paused, pc>>

(* All have met: the last one in decides by what is outstanding.  Then the level goes on. *)
GoOn ==
  /\ \A w \in Workers : left[w] # "no"
  /\ outstanding > 0
  /\ pausing' = FALSE
  /\ resting' = {} /\ paused' = 0
  /\ left' = [w \in Workers |-> "no"]
  /\ UNCHANGED <<chunks, made, kept, open, ring, token, outstanding, asked, pc>>

Next ==
  \/ Ask \/ GoOn
  \/ \E w \in Workers :
       \/ Look(w) \/ Take(w) \/ Make(w) \/ Expanded(w) \/ Serve(w) \/ GiveUp(w) \/ Leave(w)
       \/ \E home \in Workers : Send(w, home)

Spec == Init /\ [][Next]_vars

TypeOK ==
  /\ chunks \in 0..Chunks /\ made \in 0..Candidates /\ kept \in 0..Candidates
  /\ outstanding \in Nat /\ asked \in 0..Asks /\ pausing \in BOOLEAN
  /\ token \subseteq Workers /\ resting \subseteq Workers /\ paused = Cardinality(resting)
  /\ open \in [Workers -> 0..Candidates]
  /\ left \in [Workers -> {"no", "over", "rest"}] /\ pc \in [Workers -> {"look", "take", "expand"}]

HasLeft == \E w \in Workers : left[w] # "no"

(* What is written is all there is. *)
NothingBetween ==
  HasLeft => /\ kept = made
             /\ \A w \in Workers : open[w] = 0 /\ ring[w] = <<>> /\ pc[w] # "expand"

OneReason ==
  \A v, w \in Workers : left[v] # "no" /\ left[w] # "no" => left[v] = left[w]

(* Nobody waits for ever: a state without a successor is the end of the level. *)
EndsWell == ~ENABLED Next => \A w \in Workers : left[w] = "over"
=============================================================================
