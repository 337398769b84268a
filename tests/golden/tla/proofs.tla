---- MODULE proofs ----
THEOREM a == x
<1>1. y
<2>1. QED
<1> QED
THEOREM b == x
<1>1. TAKE 1
<1> QED
THEOREM c == x
<1>1. y
  <2> z
<1>2. QED
THEOREM d == x
<1>1. PICK y \in S
<1> QED
e == <1>1
====
