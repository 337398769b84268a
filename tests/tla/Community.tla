---- MODULE Community ----
EXTENDS Integers, Sequences, FiniteSets, TLC, Bitwise, Relation, BagsExt, Folds

ASSUME 12 & 10 = 8 /\ (12 | 10) = 14 /\ 12 ^^ 10 = 6 /\ shiftR(12, 2) = 3
ASSUME 0 & 5 = 0 /\ (0 | 5) = 5
R == [p \in (1..3) \X (1..3) |-> p[2] = p[1] + 1]
Leq(x, y) == x <= y
ASSUME IsReflexiveUnder(Leq, 1..3) /\ IsTransitiveUnder(Leq, 1..3) /\ IsAntiSymmetricUnder(Leq, 1..3)
ASSUME IsIrreflexive(R, 1..3) /\ ~IsTransitive(R, 1..3) /\ IsAsymmetric(R, 1..3) /\ ~IsSymmetric(R, 1..3)
ASSUME TransitiveClosure(R, 1..3)[1, 3] /\ ~TransitiveClosure(R, 1..3)[3, 1]
ASSUME ReflexiveTransitiveClosure(R, 1..3)[2, 2] /\ ~IsConnected(R, 1..3)
ASSUME BagAdd([e \in {1} |-> 1], 1) = <<2>> /\ BagAdd(<<>>, 1) = <<1>>
ASSUME BagRemove(<<2>>, 1) = <<1>> /\ BagRemove(<<1>>, 1) = <<>> /\ BagRemoveAll(<<5>>, 1) = <<>>
ASSUME FoldBag(+, 0, <<2, 1>>) = 4 /\ SumBag(<<2, 1>>) = 4 /\ ProductBag(<<1, 3>>) = 8
ASSUME MapThenFoldSet(LAMBDA x, acc : Append(acc, x), <<>>, LAMBDA x : x * x,
                      LAMBDA S : CHOOSE x \in S : TRUE, 1..3) = <<9, 4, 1>>
====
