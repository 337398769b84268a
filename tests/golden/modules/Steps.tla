------------------------------- MODULE Steps -------------------------------
\* SPDX-License-Identifier: MIT
\* Files from actions, invariants and postconditions.
\* file: steps.csv 1\n2\n3\n
\* file: states.csv 0\n1\n2\n3\n
\* file: end.json {"distinct":4}
EXTENDS Naturals, TLC, Json, CSV

VARIABLE x

Init == x = 0
Next == x < 3 /\ x' = x + 1 /\ CSVWrite("%1$s", <<x'>>, "steps.csv")
Written == CSVWrite("%1$s", <<x>>, "states.csv")
Counted == CSVRecords("states.csv") = x + 1
AtEnd == /\ JsonSerialize("end.json", [distinct |-> TLCGet("distinct")])
         /\ JsonDeserialize("end.json").distinct = 4
=============================================================================
