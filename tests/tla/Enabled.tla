---- MODULE Enabled ----
\* ENABLED where variables of an instance stand for expressions: inside of it they are variables
\* of their own in the next state, as TLC has them; outside, what they stand for.
EXTENDS Naturals
VARIABLES a, b

---- MODULE Clock ----
EXTENDS Naturals
VARIABLE t
LOCAL Later == t + 1
Tick == t < 3 /\ t' = t + 1
Back == t > 0 /\ t' = t - 1 /\ Later' = t
Ticks == ENABLED Tick
Backs == ENABLED Back
Ticked == ENABLED (t < 3 /\ t' = t + 1 /\ t' > 3)
Stays == ENABLED (t < 3 /\ UNCHANGED t)
Moves == ENABLED <<Tick>>_t
Any == ENABLED (t' \in 0..2 /\ t' > 1)
Some == ENABLED \E n \in 1..2 : t' = t + n /\ t' = 4
Boxed == ENABLED [FALSE]_t
Chosen == ENABLED (t' = t + 1 /\ LET u == t + t IN u' = 4)
Nested == ENABLED (t' = 7 /\ ENABLED (t' = 8))
Can(A) == ENABLED A
CanTick == Can(Tick)
====

---- MODULE Pair ----
EXTENDS Naturals
VARIABLES x, y
vars == <<x, y>>
P == INSTANCE Clock WITH t <- x
Both == ENABLED (x' = x + 1 /\ UNCHANGED y /\ x' # y')
Inner == ENABLED (P!Tick /\ y' = x')
Kept == ENABLED (UNCHANGED vars /\ x' = x)
Ticks == P!Ticks
====

I == INSTANCE Clock WITH t <- a + b
J == INSTANCE Pair WITH x <- a + b, y <- a + b
K == INSTANCE Pair WITH x <- a, y <- a
M == INSTANCE Clock WITH t <- a
L(n) == INSTANCE Clock WITH t <- a + n

Init == a = 0 /\ b = 0
Next == \/ a < 2 /\ a' = a + 1 /\ b' = b /\ I!Tick
        \/ b < 2 /\ b' = b + 1 /\ a' = a /\ (I!Tick \/ a = 2)
        \/ a = 1 /\ a' = 0 /\ I!Ticks /\ UNCHANGED b
        \/ a = 2 /\ L(1)!Ticks /\ UNCHANGED <<a, b>>
        \/ b = 2 /\ UNCHANGED b /\ a' = 0 /\ ~I!Stays
Spec == Init /\ [][Next]_<<a, b>>

Clocks == /\ I!Ticks <=> a + b < 3
          /\ ~I!Ticked
          /\ I!Backs <=> a + b > 0
          /\ I!Stays <=> a + b < 3
          /\ I!Moves <=> a + b < 3
          /\ I!Any /\ I!Boxed /\ I!Nested
          /\ I!Some <=> a + b \in {2, 3}
          /\ I!Chosen <=> a + b = 1
Pairs == /\ J!Both /\ K!Both
         /\ J!Inner <=> a + b < 3
         /\ K!Inner <=> a < 3
         /\ J!Kept /\ K!Kept
         /\ J!Ticks <=> a + b < 3
         /\ \A n \in 0..3 : L(n)!Ticks <=> a + n < 3
         /\ ENABLED (a' = 1 /\ b' = 0 /\ J!Ticks) <=> a + b < 3
====
