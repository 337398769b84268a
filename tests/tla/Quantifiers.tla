---- MODULE Quantifiers ----
EXTENDS Integers, FiniteSets

ASSUME \A x \in {} : FALSE
ASSUME ~ \E x \in {} : TRUE
ASSUME \A x \in 1..3 : x > 0
ASSUME \E x \in 1..3 : x = 2
ASSUME \A x, y \in 1..3 : x + y = y + x
ASSUME \E x \in 1..3, y \in 4..6 : x * y = 18
ASSUME \A <<x, y>> \in {<<1, 2>>, <<3, 4>>} : y = x + 1
ASSUME \E <<x, y>> \in (1..3) \X (1..3), z \in 1..3 : x + y = z /\ x > 1 - 1
ASSUME \A x \in 1..3 : \E y \in 0..2 : y < x
ASSUME ~ \E y \in 1..3 : \A x \in 1..3 : y < x
ASSUME \E x \in 1..3 : /\ x > 1
                       /\ x < 3
ASSUME (CHOOSE x \in 1..10 : x > 4) \in 5..10
ASSUME (CHOOSE x \in {7} : TRUE) = 7
ASSUME (CHOOSE <<x, y>> \in (1..2) \X (3..4) : x + y = 6) = <<2, 4>>
ASSUME LET m == CHOOSE x \in {3, 1, 2} : \A y \in {3, 1, 2} : x >= y IN m = 3
ASSUME (CHOOSE x \in 1..10 : x > 4) = (CHOOSE x \in 1..10 : x > 4)
ASSUME \A S \in SUBSET (1..3) : S # {} => (CHOOSE x \in S : TRUE) \in S
ASSUME \A f \in [1..2 -> 1..2] : f[1] \in 1..2
ASSUME \E f \in [1..3 -> 1..3] : \A x, y \in 1..3 : f[x] = f[y] => x = y
ASSUME {x \in 1..4 : \E y \in 1..4 : y * y = x} = {1, 4}
ASSUME \forall x \in 1..2 : \exists y \in 1..2 : x = y
ASSUME \A x \in 1..2, y \in {x2 + 1 : x2 \in 1..2} : x + y > 2
====
