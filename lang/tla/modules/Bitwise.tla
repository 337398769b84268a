\* SPDX-License-Identifier: MIT
\* Bits of natural numbers.
---- MODULE Bitwise ----
LOCAL INSTANCE Integers

\* Bit by bit, up to the highest bit of m.
RECURSIVE ByBits(_, _, _, _)
LOCAL ByBits(Bit(_, _), x, y, m) ==
  IF m = 0 THEN 0
  ELSE Bit(x % 2, y % 2) + 2 * ByBits(Bit, x \div 2, y \div 2, m \div 2)

LOCAL Wider(x, y) == IF x >= y THEN x ELSE y

x & y == ByBits(LAMBDA a, b : a * b, x, y, Wider(x, y))
x | y == ByBits(LAMBDA a, b : a + b - a * b, x, y, Wider(x, y))
x ^^ y == ByBits(LAMBDA a, b : (a + b) % 2, x, y, Wider(x, y))
Not(a) == ByBits(LAMBDA b, c : 1 - b, a, 0, a)
shiftR(n, pos) == n \div 2^pos
====
