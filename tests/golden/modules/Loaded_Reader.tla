---------------------------- MODULE Loaded_Reader ----------------------------
\* SPDX-License-Identifier: MIT
EXTENDS Integers, IOUtils, TLC

Read == IODeserialize("trace.tlc", TRUE)
ASSUME Read.vars = {"x"} /\ {s[1] : s \in Read.counterexample.state} = 1..3
ASSUME \A s \in Read.counterexample.state : s[2] = [x |-> s[1] - 1]
ASSUME PrintT("read")
=============================================================================
