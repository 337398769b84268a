\* SPDX-License-Identifier: MIT
\* Logs in an order that their vector clocks allow.
---- MODULE VectorClocks ----
EXTENDS Naturals, Sequences, Functions

LOCAL Before(u, v) == (\A i \in DOMAIN u : u[i] <= v[i]) /\ \E i \in DOMAIN u : u[i] < v[i]
LOCAL Apart(u, v) == \E i, j \in DOMAIN u : i # j /\ u[i] < v[i] /\ u[j] > v[j]
LOCAL Widen(c, D) == [d \in D |-> IF d \in DOMAIN c THEN c[d] ELSE 0]

IsCausalOrder(log, clock(_)) ==
  \A i \in 1..Len(log) : \A j \in 1..(i - 1) :
    LET D == DOMAIN clock(log[i]) \cup DOMAIN clock(log[j])
        late == Widen(clock(log[i]), D)
        early == Widen(clock(log[j]), D)
    IN  Before(early, late) \/ Apart(early, late)
CausalOrder(log, clock(_), node(_), domain(_)) ==
  CHOOSE f \in {g \in [1..Len(log) -> Range(log)] : Range(g) = Range(log)} :
    IsCausalOrder(f, clock)
====
