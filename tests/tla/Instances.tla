---- MODULE Instances ----
\* INSTANCE: substitution, parameters, nesting, LOCAL, names brought in.
EXTENDS Integers

---- MODULE Counter ----
EXTENDS Integers
CONSTANT Limit, Step(_)
LOCAL Hidden == 99
Half == Limit \div 2
Next(x) == IF x < Limit THEN Step(x) ELSE x
Twice(F(_), x) == F(F(x))
Peek == Hidden
====

---- MODULE Outer ----
CONSTANT K
---- MODULE Inner ----
CONSTANT L
Sum == K + L
====
In(l) == INSTANCE Inner WITH L <- l
Twelve == In(12 - K)!Sum
====

Inc(x) == x + 1
C == INSTANCE Counter WITH Limit <- 10, Step <- Inc
D(n) == INSTANCE Counter WITH Limit <- n, Step <- LAMBDA x : x + 2
O == INSTANCE Outer WITH K <- 5
P(k) == INSTANCE Outer WITH K <- k

ASSUME C!Half = 5 /\ C!Next(3) = 4 /\ C!Next(10) = 10
ASSUME D(20)!Half = 10 /\ D(3)!Next(1) = 3 /\ D(3)!Next(3) = 3
ASSUME C!Twice(C!Next, 8) = 10
ASSUME C!Twice(LAMBDA x : x * 3, 1) = 9
ASSUME C!Peek = 99
ASSUME O!Twelve = 12 /\ O!In(1)!Sum = 6
ASSUME P(7)!In(1)!Sum = 8
ASSUME \A n \in 1..5 : D(2 * n)!Half = n
ASSUME {P(k)!In(1)!Sum : k \in 1..3} = 2..4
ASSUME LET E(m) == INSTANCE Counter WITH Limit <- m, Step <- Inc IN E(8)!Half = 4
M == INSTANCE Mid
ASSUME M!Base = 3 /\ M!Q!Half = 3
====
