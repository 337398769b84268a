---- MODULE Mid ----
\* For Instances: an instance inside an instance.
EXTENDS Integers
Base == 3
Up(x) == x + Base
---- MODULE Small ----
CONSTANT Limit
Half == Limit \div 2
====
Q == INSTANCE Small WITH Limit <- 2 * Base
ASSUME Up(1) = 4
====
