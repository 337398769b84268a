------------------------- MODULE RoutedTermination -------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* The end of a level of routed exploration (engines/explore/worker.c,     *)
(* route.c): workers expand chunks of states, put the successors into      *)
(* batches for their homes, send full batches through rings, and leave     *)
(* when one shared count is zero.  The count stands for workers that hold  *)
(* a token, chunks not yet expanded, and batches sent and not yet used up. *)
(*                                                                         *)
(* Safe: whoever leaves, nothing is left: no chunk, no batch, no open      *)
(* batch, no worker at work.  Whoever makes one of these holds another     *)
(* while it does, so zero is final.                                        *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets

CONSTANTS
  Workers,       \* those that explore
  Candidates,    \* successors that may be made in all: bounds the model
  CountsBatches, \* FALSE: what is in a ring is not counted (as seed 000 has it)
  FlushesFirst   \* FALSE: the token is given up before open batches are sent

ASSUME Candidates \in Nat /\ CountsBatches \in BOOLEAN /\ FlushesFirst \in BOOLEAN

VARIABLES
  chunks,      \* states of this level that nobody has taken
  made,        \* candidates made so far
  open,        \* [worker -> worker -> candidates in its open batch for that home]
  ring,        \* [worker -> batches on their way to it]
  token,       \* workers that are counted as holding work
  gone,        \* workers that have left the level
  outstanding, \* the shared count
  pc           \* what a worker does: "loop", "expand", "serve"

vars == <<chunks, made, open, ring, token, gone, outstanding, pc>>

NoBatch == [w \in Workers |-> 0]

Init ==
  /\ chunks = 1
  /\ made = 0
  /\ open = [w \in Workers |-> NoBatch]
  /\ ring = NoBatch
  /\ token = Workers
  /\ gone = {}
  /\ outstanding = Cardinality(Workers) + 1
  /\ pc = [w \in Workers |-> "loop"]

(* A chunk is taken, and its worker gets a token while the chunk is counted. *)
Take(w) ==
  /\ pc[w] = "loop" /\ w \notin gone /\ chunks > 0
  /\ chunks' = chunks - 1
  /\ token' = token \cup {w}
  /\ outstanding' = IF w \in token THEN outstanding ELSE outstanding + 1
  /\ pc' = [pc EXCEPT ![w] = "expand"]
  /\ UNCHANGED <<made, open, ring, gone>>

(* A successor joins the open batch of its home. *)
Make(w) ==
  /\ pc[w] = "expand" /\ made < Candidates
  /\ \E home \in Workers : open' = [open EXCEPT ![w][home] = @ + 1]
  /\ made' = made + 1
  /\ UNCHANGED <<chunks, ring, token, gone, outstanding, pc>>

(* The chunk has led to all it will lead to. *)
Expanded(w) ==
  /\ pc[w] = "expand"
  /\ outstanding' = outstanding - 1
  /\ pc' = [pc EXCEPT ![w] = "loop"]
  /\ UNCHANGED <<chunks, made, open, ring, token, gone>>

(* An open batch goes on its way: counted first. *)
Send(w, home) ==
  /\ w \notin gone /\ open[w][home] > 0
  /\ open' = [open EXCEPT ![w][home] = 0]
  /\ ring' = [ring EXCEPT ![home] = @ + 1]
  /\ outstanding' = IF CountsBatches THEN outstanding + 1 ELSE outstanding
  /\ UNCHANGED <<chunks, made, token, gone, pc>>

(* The home checks a batch and keeps what is new, which is of the next level. *)
Serve(w) ==
  /\ pc[w] = "loop" /\ w \notin gone /\ ring[w] > 0
  /\ pc' = [pc EXCEPT ![w] = "serve"]
  /\ UNCHANGED <<chunks, made, open, ring, token, gone, outstanding>>

Served(w) ==
  /\ pc[w] = "serve"
  /\ ring' = [ring EXCEPT ![w] = @ - 1]
  /\ outstanding' = IF CountsBatches THEN outstanding - 1 ELSE outstanding
  /\ pc' = [pc EXCEPT ![w] = "loop"]
  /\ UNCHANGED <<chunks, made, open, token, gone>>

GiveUp(w) ==
  /\ pc[w] = "loop" /\ w \in token /\ chunks = 0
  /\ FlushesFirst => open[w] = NoBatch
  /\ token' = token \ {w}
  /\ outstanding' = outstanding - 1
  /\ UNCHANGED <<chunks, made, open, ring, gone, pc>>

Leave(w) ==
  /\ pc[w] = "loop" /\ w \notin token /\ w \notin gone /\ outstanding = 0
  /\ gone' = gone \cup {w}
  /\ UNCHANGED <<chunks, made, open, ring, token, outstanding, pc>>

Next ==
  \E w \in Workers :
    \/ Take(w) \/ Make(w) \/ Expanded(w) \/ Serve(w) \/ Served(w) \/ GiveUp(w) \/ Leave(w)
    \/ \E home \in Workers : Send(w, home)

Spec == Init /\ [][Next]_vars

TypeOK ==
  /\ chunks \in 0..1 /\ made \in 0..Candidates /\ outstanding \in Nat
  /\ open \in [Workers -> [Workers -> 0..Candidates]]
  /\ ring \in [Workers -> 0..Candidates]
  /\ token \subseteq Workers /\ gone \subseteq Workers
  /\ pc \in [Workers -> {"loop", "expand", "serve"}]

(* Who leaves leaves nothing behind. *)
NothingLeft ==
  gone # {} =>
    /\ chunks = 0 /\ token = {}
    /\ \A w \in Workers : ring[w] = 0 /\ open[w] = NoBatch /\ pc[w] = "loop"

(* The count is what it stands for; without it zero would mean nothing. *)
CountIsTrue ==
  LET batches[S \in SUBSET Workers] ==
        IF S = {} THEN 0
        ELSE LET w == CHOOSE x \in S : TRUE IN ring[w] + batches[S \ {w}]
  IN CountsBatches =>
       outstanding = Cardinality(token) + batches[Workers] + chunks
                       + Cardinality({w \in Workers : pc[w] = "expand"})
=============================================================================
