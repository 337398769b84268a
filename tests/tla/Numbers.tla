---- MODULE Numbers ----
EXTENDS Integers

ASSUME 1 + 2 = 3 /\ 2 - 5 = -3 /\ 3 * 4 = 12 /\ 2^10 = 1024
ASSUME 2^0 = 1 /\ 0^3 = 0 /\ (-2)^3 = -8 /\ 1^100 = 1 /\ (-1)^101 = -1
ASSUME 7 \div 2 = 3 /\ 7 % 2 = 1
ASSUME (-7) \div 2 = -4 /\ (-7) % 2 = 1
ASSUME \A a \in -9..9, b \in 1..4 : a = (b * (a \div b)) + (a % b) /\ a % b \in 0..(b - 1)
ASSUME 2 - 3 - 4 = -5
ASSUME 2 + 3 * 4 = 14 /\ (2 + 3) * 4 = 20
ASSUME -3 + 4 = 1 /\ -(3 + 4) = -7 /\ - 3 = 0 - 3
ASSUME -2^2 = (-2)^2 \/ -2^2 = -4
ASSUME 1 < 2 /\ 2 > 1 /\ 1 <= 1 /\ 1 >= 1 /\ 1 =< 2 /\ 1 \leq 2 /\ 2 \geq 1
ASSUME ~(1 < 1) /\ ~(1 > 1)
ASSUME \b101 = 5 /\ \B11 = 3 /\ \o17 = 15 /\ \O10 = 8 /\ \hFF = 255 /\ \Hff = 255
ASSUME 007 = 7
ASSUME 1..3 = {1, 2, 3} /\ 3..1 = {} /\ 2..2 = {2} /\ -1..1 = {-1, 0, 1}
ASSUME 5 \in Nat /\ 0 \in Nat /\ -1 \notin Nat /\ -1 \in Int

ASSUME 1..3 \subseteq Nat /\ ~(-1..1 \subseteq Nat) /\ -1..1 \subseteq Int
ASSUME 2147483647 = 2147483646 + 1
ASSUME -2147483647 - 1 = -1 - 2147483647
ASSUME 1000 * 1000 = 1000000
ASSUME {n \in 1..20 : \A d \in 2..(n - 1) : n % d # 0} = {1, 2, 3, 5, 7, 11, 13, 17, 19}
====
