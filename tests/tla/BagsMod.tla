---- MODULE BagsMod ----
EXTENDS Bags, Integers, FiniteSets

b == SetToBag({"x", "y"}) (+) SetToBag({"x"})
ASSUME BagToSet(b) = {"x", "y"} /\ CopiesIn("x", b) = 2 /\ CopiesIn("z", b) = 0
ASSUME BagIn("y", b) /\ ~BagIn("z", b)
ASSUME BagCardinality(b) = 3 /\ BagCardinality(EmptyBag) = 0
ASSUME IsABag(b) /\ IsABag(EmptyBag)
ASSUME (b (-) SetToBag({"x", "y"})) = SetToBag({"x"})
ASSUME (b (-) b) = EmptyBag /\ (EmptyBag (-) b) = EmptyBag
ASSUME (b (+) EmptyBag) = b
ASSUME SetToBag({"x"}) \sqsubseteq b /\ ~(b \sqsubseteq SetToBag({"x"}))
ASSUME BagUnion({SetToBag({1}), SetToBag({1, 2})}) = [e \in {1, 2} |-> IF e = 1 THEN 2 ELSE 1]
ASSUME Cardinality(SubBag(b)) = 6
ASSUME SubBag(EmptyBag) = {EmptyBag}
Kind(e) == IF e = "x" THEN 1 ELSE 2
ASSUME BagOfAll(Kind, b) = <<2, 1>>
ASSUME IsABag(<<>>) /\ IsABag(<<2, 1>>) /\ ~IsABag([x \in {1} |-> "y"]) /\ ~IsABag([x \in {1} |-> 0])
ASSUME ~IsABag("a") /\ ~IsABag({1}) /\ ~IsABag(TRUE)
====
