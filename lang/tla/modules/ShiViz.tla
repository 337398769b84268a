\* SPDX-License-Identifier: MIT
\* Host and clock of each step of a trace, for ShiViz.
---- MODULE ShiViz ----
LOCAL INSTANCE Integers
LOCAL INSTANCE Json
LOCAL INSTANCE TLC
INSTANCE Toolbox

LOCAL Hosts ==
  LET Of[i \in DOMAIN _TETrace] ==
        IF i = 1 THEN "--"
        ELSE LET old == _TETrace[i - 1].pc
                 new == _TETrace[i].pc
             IN  IF old = new THEN Of[i - 1] ELSE CHOOSE p \in DOMAIN old : old[p] # new[p]
  IN  TLCEval(Of)
Host == Hosts[_TEPosition]

LOCAL Clocks ==
  LET Of[i \in DOMAIN _TETrace] ==
        IF i = 1 THEN [p \in DOMAIN _TETrace[1].pc |-> 0]
        ELSE [p \in DOMAIN _TETrace[i].pc |-> Of[i - 1][p] + (IF p = Hosts[i] THEN 1 ELSE 0)]
  IN  TLCEval(Of)
Clock == ToJsonObject(Clocks[_TEPosition])
====
