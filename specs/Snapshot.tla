------------------------------ MODULE Snapshot ------------------------------
(* SPDX-License-Identifier: MIT *)
(***************************************************************************)
(* A set of files that is replaced as a whole (src/snapshot/write.c): the  *)
(* parts of the next generation are written beside those of the last; one  *)
(* small file, the head, says which generation holds, and is renamed into  *)
(* its place; then the parts of the last one are removed.                  *)
(*                                                                         *)
(* A machine may stop at any instruction.  What was written to a file and  *)
(* not synchronised may then be there or not.  So may each change of the   *)
(* folder's names that was not: a file made, the head renamed, a file      *)
(* removed, whatever the order they were made in.                          *)
(*                                                                         *)
(* Safe: what the machine finds when it starts again is a head whose parts *)
(* are all there and whole, and no older than the last one promised.       *)
(***************************************************************************)
EXTENDS Naturals

CONSTANTS
  Parts,       \* of each snapshot
  Last,        \* generations that are written: bounds the model
  SyncsParts,  \* FALSE: parts are not synchronised
  SyncsNames,  \* FALSE: the folder is not, before the rename
  SyncsHead,   \* FALSE: the new head is not, before the rename
  SyncsRename  \* FALSE: the folder is not, before old parts are removed

ASSUME Last \in Nat /\ {SyncsParts, SyncsNames, SyncsHead, SyncsRename} \subseteq BOOLEAN

Generations == 0..Last \* 0: none

VARIABLES
  pc,       \* what the writer does next
  gen,      \* the generation that is being written, or was last
  content,  \* [generation -> [part -> "none", "begun", "whole"]], as the writer sees it
  safe,     \* files <<generation, part>> whose content is on the disk
  newSafe,  \* the new head's content is on the disk
  head,     \* the generation that the head names, as the writer sees it
  named,    \* names of parts that the disk has
  diskHead, \* generations that the disk may have as the head: that before a rename, that after
  whole,    \* heads that were on the disk when they were renamed
  making,   \* parts whose names the disk may have
  dropping, \* parts whose names the disk may have lost
  promised  \* the highest generation whose writing was said to be done

vars == <<pc, gen, content, safe, newSafe, head, named, diskHead, whole, making, dropping, promised>>

Files == (1..Last) \X Parts
Of(g) == {<<g, p>> : p \in Parts}
None == [p \in Parts |-> "none"]

Init ==
  /\ pc = "idle" /\ gen = 0 /\ head = 0 /\ promised = 0
  /\ content = [g \in Generations |-> None]
  /\ safe = {} /\ newSafe = FALSE /\ named = {} /\ making = {} /\ dropping = {}
  /\ diskHead = {0} /\ whole = {0}

(* The folder is synchronised: the disk has the names that the writer sees. *)
FolderSynced ==
  /\ named' = (named \cup making) \ dropping
  /\ making' = {} /\ dropping' = {}
  /\ diskHead' = {head}

Begin ==
  /\ pc = "idle" /\ gen < Last
  /\ gen' = gen + 1
  /\ content' = [content EXCEPT ![gen + 1] = [p \in Parts |-> "begun"]]
  /\ making' = making \cup Of(gen + 1)
  /\ pc' = "parts"
  /\ UNCHANGED <<safe, newSafe, head, named, diskHead, whole, dropping, promised>>

(* Each part has a thread of its own. *)
WritePart(p) ==
  /\ pc = "parts" /\ content[gen][p] = "begun"
  /\ content' = [content EXCEPT ![gen][p] = "whole"]
  /\ UNCHANGED <<pc, gen, safe, newSafe, head, named, diskHead, whole, making, dropping, promised>>

SyncPart(p) ==
  /\ pc = "parts" /\ content[gen][p] = "whole" /\ <<gen, p>> \notin safe
  /\ safe' = safe \cup {<<gen, p>>}
  /\ UNCHANGED <<pc, gen, content, newSafe, head, named, diskHead, whole, making, dropping, promised>>

PartsEnd ==
  /\ pc = "parts" /\ \A p \in Parts : content[gen][p] = "whole"
  /\ SyncsParts => Of(gen) \subseteq safe
  /\ pc' = "names"
  /\ UNCHANGED <<gen, content, safe, newSafe, head, named, diskHead, whole, making, dropping, promised>>

SyncNames ==
  /\ pc = "names"
  /\ IF SyncsNames THEN FolderSynced ELSE UNCHANGED <<named, making, dropping, diskHead>>
  /\ pc' = "head"
  /\ UNCHANGED <<gen, content, safe, newSafe, head, whole, promised>>

WriteHead ==
  /\ pc = "head"
  /\ newSafe' = SyncsHead
  /\ pc' = "rename"
  /\ UNCHANGED <<gen, content, safe, head, named, diskHead, whole, making, dropping, promised>>

Rename ==
  /\ pc = "rename"
  /\ head' = gen
  /\ diskHead' = diskHead \cup {gen}
  /\ whole' = IF newSafe THEN whole \cup {gen} ELSE whole
  /\ pc' = "renamed"
  /\ UNCHANGED <<gen, content, safe, newSafe, named, making, dropping, promised>>

SyncRename ==
  /\ pc = "renamed"
  /\ IF SyncsRename THEN FolderSynced ELSE UNCHANGED <<named, making, dropping, diskHead>>
  /\ promised' = IF SyncsRename THEN gen ELSE promised
  /\ pc' = "remove"
  /\ UNCHANGED <<gen, content, safe, newSafe, head, whole>>

(* All that is not of this generation; also what a writer that stopped has left. *)
Remove ==
  /\ pc = "remove"
  /\ dropping' = (dropping \cup ((named \cup making) \ Of(gen)))
  /\ pc' = "idle"
  /\ UNCHANGED <<gen, content, safe, newSafe, head, named, diskHead, whole, making, promised>>

(* The machine stops; any of what it may have lost is lost.  What it finds is what it has then. *)
Crash ==
  /\ pc # "found"
  /\ \E found \in diskHead :
     \E made \in SUBSET making : \E dropped \in SUBSET dropping :
     \E lost \in SUBSET ((Files \cap {f \in Files : content[f[1]][f[2]] # "none"}) \ safe) :
       /\ head' = found
       /\ named' = (named \cup made) \ dropped
       /\ content' = [g \in Generations |-> [p \in Parts |->
            IF g = 0 \/ <<g, p>> \notin named' THEN "none"
            ELSE IF <<g, p>> \in lost THEN "begun" ELSE content[g][p]]]
       /\ diskHead' = {found}
  /\ safe' = {<<g, p>> \in Files : content'[g][p] = "whole"}
  /\ making' = {} /\ dropping' = {} /\ newSafe' = FALSE
  /\ pc' = "found"
  /\ UNCHANGED <<gen, whole, promised>>

Restart ==
  /\ pc = "found"
  /\ pc' = "idle"
  /\ UNCHANGED <<gen, content, safe, newSafe, head, named, diskHead, whole, making, dropping, promised>>

Next ==
  \/ Begin \/ PartsEnd \/ SyncNames \/ WriteHead \/ Rename \/ SyncRename \/ Remove
  \/ Crash \/ Restart
  \/ \E p \in Parts : WritePart(p) \/ SyncPart(p)

Spec == Init /\ [][Next]_vars

TypeOK ==
  /\ pc \in {"idle", "parts", "names", "head", "rename", "renamed", "remove", "found"}
  /\ gen \in Generations /\ head \in Generations /\ promised \in Generations
  /\ content \in [Generations -> [Parts -> {"none", "begun", "whole"}]]
  /\ safe \subseteq Files /\ named \subseteq Files /\ making \subseteq Files /\ dropping \subseteq Files
  /\ diskHead \subseteq Generations /\ whole \subseteq Generations /\ newSafe \in BOOLEAN

(* What is found can be read: the head, and every part that it names. *)
FoundIsWhole ==
  pc = "found" /\ head # 0 =>
    /\ head \in whole
    /\ \A p \in Parts : content[head][p] = "whole"

(* A snapshot that was said to be done is not lost. *)
NoneIsLost == pc = "found" => head >= promised
=============================================================================
