------------------------------- MODULE Words -------------------------------
(* Strings are in the order in which TLC comes upon them: a word that is a name of this or another
   module before one that is none, and a set before what is made of its elements. Values are opened
   over several lines where TLC understands their text. *)
EXTENDS Integers, Sequences, TLC

States == {"waiting", "done", "a", "failed"}
Made == {<<"later", x>> : x \in {"sooner", "later"}}
done == "done"
Far == {"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}

ASSUME PrintT(States)
ASSUME PrintT(CHOOSE s \in States : TRUE)
ASSUME PrintT(Made)
ASSUME PrintT({"sooner", "later"})
ASSUME PrintT([b |-> "waiting", done |-> "b", a |-> "failed"])
ASSUME PrintT([first |-> 1 .. 30, far |-> Far])
ASSUME PrintT([first_one |-> 1 .. 30, far |-> Far])
ASSUME PrintT([first |-> (-1) .. 30, far |-> Far])
ASSUME PrintT([first |-> "a \" quote", far |-> Far])
ASSUME PrintT([first |-> "under_score", far |-> Far])
=============================================================================
