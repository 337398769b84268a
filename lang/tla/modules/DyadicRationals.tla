\* SPDX-License-Identifier: MIT
\* Fractions whose denominator is a power of two, in lowest terms.
---- MODULE DyadicRationals ----
LOCAL INSTANCE Integers
LOCAL INSTANCE Sequences
LOCAL INSTANCE TLC

LOCAL Fraction(num, den) == [num |-> num, den |-> den]

RECURSIVE Lowest(_)
LOCAL Lowest(p) ==
  IF p.den > 1 /\ p.num % 2 = 0 THEN Lowest(Fraction(p.num \div 2, p.den \div 2)) ELSE p

IsDyadicRational(r) == \E i \in 0..r.den : 2^i = r.den
Zero == Fraction(0, 1)
One == Fraction(1, 1)
Add(p, q) ==
  LET den == IF p.den > q.den THEN p.den ELSE q.den
  IN  IF p = Zero THEN q
      ELSE Lowest(Fraction(p.num * (den \div p.den) + q.num * (den \div q.den), den))
Half(p) == Lowest(Fraction(p.num, p.den * 2))
PrettyPrint(p) ==
  CASE p = Zero -> "0"
    [] p = One -> "1"
    [] OTHER -> ToString(p.num) \o "/" \o ToString(p.den)
====
