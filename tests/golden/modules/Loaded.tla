------------------------------- MODULE Loaded -------------------------------
\* SPDX-License-Identifier: MIT
\* A trace in TLC's binary form is read by IODeserialize.
\* args: -dumpTrace tlc trace.tlc
\* exit: 12
\* out: "CounterExample written: trace.tlc"
\* then: 0 Loaded_Reader.tla
\* out: "read"
EXTENDS Integers

VARIABLE x

Init == x = 0
Next == x' = x + 1
Small == x < 2
=============================================================================
