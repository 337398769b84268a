---- MODULE TlcModule ----
EXTENDS TLC, TLCExt, Integers, Sequences, FiniteSets

f == 1 :> "a" @@ 2 :> "b"
ASSUME f = <<"a", "b">> /\ DOMAIN f = {1, 2}
ASSUME (1 :> 2 @@ 1 :> 3)[1] = 2
ASSUME ("x" :> 1 @@ "y" :> 2) = [x |-> 1, y |-> 2]
ASSUME [x |-> 1] @@ [x |-> 2, y |-> 3] = [x |-> 1, y |-> 3]
ASSUME DOMAIN (3 :> 4 @@ 7 :> 8) = {3, 7}
ASSUME Permutations({1, 2}) = {<<1, 2>>, <<2, 1>>}
ASSUME Cardinality(Permutations({1, 2, 3, 4})) = 24
ASSUME Permutations({}) = {<<>>}
ASSUME \A p \in Permutations(1..3) : {p[i] : i \in 1..3} = 1..3
ASSUME SortSeq(<<3, 1, 2>>, <) = <<1, 2, 3>>
ASSUME SortSeq(<<3, 1, 2>>, LAMBDA a, b : a > b) = <<3, 2, 1>>
ASSUME SortSeq(<<>>, <) = <<>>
ASSUME Assert(TRUE, "no")
ASSUME TLCEval({1, 2}) = {1, 2}
ASSUME TLCEval([x \in 1..3 |-> x]) = <<1, 2, 3>>
ASSUME RandomElement({5}) = 5 /\ RandomElement(1..10) \in 1..10
ASSUME TLCSet(7, "seven")
ASSUME TLCGet(7) = "seven"
ASSUME TLCSet(7, {1}) /\ TLCGet(7) = {1}
ASSUME TLCGetOrDefault(42, 13) = 13
ASSUME 5 \in Any /\ "a" \in Any
ASSUME TLCGet("level") = 0
ASSUME JavaTime > 0
ASSUME AssertEq(1 + 1, 2)
ASSUME ~ AssertError("no such message", 1 + 1)
====
