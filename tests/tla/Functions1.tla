---- MODULE Functions1 ----
EXTENDS Integers, FiniteSets

f == [x \in 1..3 |-> x * x]
g == [x \in {"a", "b"} |-> 1]
h == [x \in 1..2, y \in 1..3 |-> x + y]

ASSUME f[1] = 1 /\ f[3] = 9 /\ DOMAIN f = 1..3
ASSUME DOMAIN g = {"a", "b"} /\ g["a"] = 1 /\ g.b = 1
ASSUME h[1, 2] = 3 /\ h[<<2, 3>>] = 5 /\ DOMAIN h = (1..2) \X (1..3)
ASSUME [x \in 1..3 |-> x * x] = f /\ [x \in 1..3 |-> x] # f
ASSUME [x \in {} |-> x] = <<>>
ASSUME [f EXCEPT ![2] = 0] = [x \in 1..3 |-> IF x = 2 THEN 0 ELSE x * x]
ASSUME [f EXCEPT ![2] = @ + 1][2] = 5
ASSUME [f EXCEPT ![1] = 5, ![2] = 6] = <<5, 6, 9>>
ASSUME [f EXCEPT ![1] = 5, ![1] = @ + 1][1] = 6
ASSUME [f EXCEPT ![7] = 1] = f
ASSUME [h EXCEPT ![1, 2] = 0][1, 2] = 0 /\ [h EXCEPT ![<<1, 2>>] = 0][1, 3] = 4
ASSUME LET m == [x \in 1..2 |-> [y \in 1..2 |-> 10 * x + y]]
       IN  /\ m[2][1] = 21
           /\ [m EXCEPT ![2][1] = 0][2] = <<0, 22>>
           /\ [m EXCEPT ![2] = [@ EXCEPT ![2] = @ + 1]][2][2] = 23
           /\ [m EXCEPT ![1][1] = @ * 2, ![1][2] = @ * 3][1] = <<22, 36>>
ASSUME [x \in 1..2 |-> x] \in [1..2 -> Nat] /\ [x \in 1..2 |-> -x] \notin [1..2 -> Nat]
ASSUME [{1} -> {2, 3}] = {[x \in {1} |-> 2], [x \in {1} |-> 3]}
ASSUME Cardinality([1..3 -> {0, 1}]) = 8
ASSUME [{} -> {1}] = {<<>>} /\ [{1} -> {}] = {}
ASSUME [1..2 -> {0, 1}] = {<<0, 0>>, <<0, 1>>, <<1, 0>>, <<1, 1>>}
ASSUME f \in [1..3 -> Int] /\ f \notin [1..4 -> Int] /\ f \notin [1..3 -> {1, 4}]
fact[n \in Nat] == IF n = 0 THEN 1 ELSE n * fact[n - 1]
ASSUME fact[0] = 1 /\ fact[10] = 3628800
fib[n \in 0..40] == IF n < 2 THEN n ELSE fib[n - 1] + fib[n - 2]
ASSUME fib[40] = 102334155
ack[m \in 0..2, n \in 0..20] ==
  IF m = 0 THEN n + 1 ELSE IF n = 0 THEN ack[m - 1, 1] ELSE ack[m - 1, ack[m, n - 1]]
ASSUME ack[2, 3] = 9
ASSUME [<<x, y>> \in {<<1, 2>>} |-> x + y][<<1, 2>>] = 3
ASSUME [x \in BOOLEAN |-> ~x][TRUE] = FALSE
ASSUME [s \in SUBSET {1, 2} |-> Cardinality(s)][{1, 2}] = 2
ASSUME {[x \in 1..2 |-> i] : i \in 1..2} = {<<1, 1>>, <<2, 2>>}
ASSUME [x \in 1..2 |-> [y \in 1..x |-> y]] = <<<<1>>, <<1, 2>>>>
====
