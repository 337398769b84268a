---- MODULE SeqsExt ----
EXTENDS SequencesExt, Integers, Sequences

s == <<1, 2, 3>>
ASSUME ToSet(s) = 1..3 /\ ToSet(<<>>) = {} /\ Reverse(s) = <<3, 2, 1>>
ASSUME ToSet(SetToSeq({3, 1, 2})) = {1, 2, 3} /\ Len(SetToSeq({3, 1, 2})) = 3
ASSUME SetToSeqs({1, 2}) = {<<1, 2>>, <<2, 1>>}
ASSUME SetToSortSeq({3, 1, 2}, <) = s
ASSUME SetToAllKPermutations({1, 2}) = {<<>>, <<1>>, <<2>>, <<1, 2>>, <<2, 1>>}
ASSUME TupleOf({1}, 2) = {<<1, 1>>} /\ SeqOf({1}, 2) = {<<>>, <<1>>, <<1, 1>>}
ASSUME BoundedSeq({1}, 1) = {<<>>, <<1>>}
ASSUME Contains(s, 2) /\ ~Contains(s, 5)
ASSUME Remove(<<1, 2, 1>>, 1) = <<2>> /\ ReplaceAll(<<1, 2, 1>>, 1, 9) = <<9, 2, 9>>
ASSUME SelectInSeq(s, LAMBDA x : x > 1) = 2 /\ SelectInSeq(s, LAMBDA x : x > 5) = 0
ASSUME SelectLastInSeq(s, LAMBDA x : x > 1) = 3
ASSUME InsertAt(s, 2, 9) = <<1, 9, 2, 3>> /\ ReplaceAt(s, 2, 9) = <<1, 9, 3>> /\ RemoveAt(s, 2) = <<1, 3>>
ASSUME RemoveFirst(<<1, 2, 1>>, 1) = <<2, 1>>
ASSUME Cons(0, s) = <<0, 1, 2, 3>> /\ Snoc(4, s) = <<1, 2, 3, 4>>
ASSUME Front(s) = <<1, 2>> /\ Last(s) = 3
ASSUME IsPrefix(<<1, 2>>, s) /\ ~IsPrefix(<<2>>, s) /\ IsStrictPrefix(<<>>, s) /\ ~IsStrictPrefix(s, s)
ASSUME IsSuffix(<<2, 3>>, s) /\ IsStrictSuffix(<<3>>, s)
ASSUME Prefixes(<<1, 2>>) = {<<>>, <<1>>, <<1, 2>>} /\ Suffixes(<<1, 2>>) = {<<>>, <<2>>, <<1, 2>>}
ASSUME CommonPrefixes({<<1, 2>>, <<1, 3>>}) = {<<>>, <<1>>}
ASSUME LongestCommonPrefix({<<1, 2>>, <<1, 3>>}) = <<1>>
ASSUME FoldLeft(LAMBDA acc, x : 10 * acc + x, 0, s) = 123
ASSUME FoldRight(LAMBDA x, acc : 10 * acc + x, s, 0) = 321
ASSUME FoldSeq(+, 0, s) = 6 /\ FoldLeft(-, 10, s) = 4
ASSUME FlattenSeq(<<<<1>>, <<>>, <<2, 3>>>>) = s /\ FlattenSeq(<<>>) = <<>>
ASSUME Zip(<<1, 2>>, <<3, 4>>) = <<<<1, 3>>, <<2, 4>>>>
ASSUME SubSeqs(<<1, 2>>) = {<<>>, <<1>>, <<2>>, <<1, 2>>}
ASSUME AllSubSeqs(<<1, 2>>) = {<<>>, <<1>>, <<2>>, <<1, 2>>}
ASSUME ReplaceFirstSubSeq(<<9>>, <<2>>, s) = <<1, 9, 3>>
ASSUME ReplaceAllSubSeqs(<<9>>, <<1>>, <<1, 2, 1>>) = <<9, 2, 9>>
ASSUME SeqMod(3, 3) = 3 /\ SeqMod(4, 3) = 1
====
