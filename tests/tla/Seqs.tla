---- MODULE Seqs ----
EXTENDS Integers, Sequences, FiniteSets

s == <<1, 2, 3>>

ASSUME s[1] = 1 /\ Len(s) = 3 /\ Len(<<>>) = 0 /\ DOMAIN s = 1..3 /\ DOMAIN <<>> = {}
ASSUME s = [i \in 1..3 |-> i] /\ <<>> = [i \in {} |-> 0]
ASSUME s \o <<4>> = <<1, 2, 3, 4>> /\ <<>> \o s = s /\ s \circ <<>> = s
ASSUME Append(s, 4) = s \o <<4>> /\ Append(<<>>, 1) = <<1>>
ASSUME Head(s) = 1 /\ Tail(s) = <<2, 3>> /\ Tail(<<1>>) = <<>>
ASSUME SubSeq(s, 2, 3) = <<2, 3>> /\ SubSeq(s, 2, 1) = <<>> /\ SubSeq(s, 1, 3) = s
ASSUME SelectSeq(s, LAMBDA x : x % 2 = 1) = <<1, 3>>
Odd(x) == x % 2 = 1
ASSUME SelectSeq(<<1, 3, 4>>, Odd) = <<1, 3>>
ASSUME s \in Seq(Nat) /\ <<>> \in Seq({}) /\ <<1, -1>> \notin Seq(Nat)
ASSUME <<1, 2>> \in Seq({1, 2}) /\ <<<<1>>, <<>>>> \in Seq(Seq(Nat))
ASSUME [s EXCEPT ![2] = 9] = <<1, 9, 3>>
ASSUME <<1>> # <<1, 1>> /\ <<1, 2>> # <<2, 1>>
ASSUME {s[i] : i \in DOMAIN s} = 1..3
ASSUME {<<1, 2>>, <<1, 2>>, <<2>>} = {<<2>>, <<1, 2>>}
ASSUME Len("") = 0 /\ Len("abc") = 3 /\ "ab" \o "c" = "abc"
ASSUME <<1, 2>> \in (1..2) \X (1..2)
ASSUME LET RECURSIVE sum(_) sum(q) == IF q = <<>> THEN 0 ELSE Head(q) + sum(Tail(q)) IN sum(s) = 6
ASSUME \A q \in [1..2 -> 0..1] : Len(q) = 2
ASSUME <<s, s>>[2][3] = 3
ASSUME Cardinality({q \in UNION {[1..n -> 0..1] : n \in 0..2} : Len(q) < 2}) = 3
====
