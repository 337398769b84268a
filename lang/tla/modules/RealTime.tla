\* SPDX-License-Identifier: MIT
\* Bounds on the time that actions take, in a variable `now` that some other action advances.
---- MODULE RealTime ----
EXTENDS Reals

VARIABLE now

RTBound(A, v, D, E) ==
  LET Step(t) == t' = IF <<A>>_v \/ ~(ENABLED <<A>>_v)' THEN 0 ELSE t + (now' - now)
      Clock(t) == t = 0 /\ [][Step(t)]_<<t, v, now>>
  IN  \EE t : Clock(t) /\ [](t \leq E) /\ [][A => t \geq D]_v

RTnow(v) ==
  LET Tick == now' \in {r \in Real : r > now} /\ UNCHANGED v
  IN  /\ now \in Real
      /\ [][Tick]_now
      /\ \A r \in Real : WF_now(Tick /\ now' > r)
====
