------------------------------ MODULE Extended ------------------------------
\* SPDX-License-Identifier: MIT
\* TLCExt, and what is known of a violation afterwards.
\* exit: 12
\* out: "Assertion failed"
\* out: 1
\* out: 2
\* out: State 1: <Initial predicate>
\* out: /\ t = <<[x |-> 0]>>
\* out: /\ t = <<[x |-> 0], [x |-> 1]>>
\* out: /\ t = <<[x |-> 0], [x |-> 1], [x |-> 2]>>
\* out: "as it should be"
EXTENDS Integers, Sequences, TLC, TLCExt

VARIABLE x

ASSUME AssertEq(1, 1) /\ ~AssertEq(1, 2)
ASSUME ~AssertError("x", 1 = "a") /\ ~AssertError("x", TRUE)
ASSUME AssertError("The first argument of Assert evaluated to FALSE; the second argument was:\n\"x\"", Assert(FALSE, "x"))
ASSUME TLCModelValue("zz") = TLCModelValue("zz") /\ TLCModelValue("zz") # TLCModelValue("yy")
ASSUME TLCModelValue("zz") # "zz" /\ ToString(TLCModelValue("zz")) = "zz"
ASSUME TLCNoOp(3) = 3 /\ TLCFP(3) = TLCFP(1 + 2) /\ TLCCache(1 + 1, <<1>>) = 2
ASSUME CounterExample = [action |-> {}, state |-> {}] /\ ToTrace(CounterExample) = << >>

Init == x = 0
Next == x < 3 /\ x' = x + 1
Next1 == x + 1
Small == x < 2 /\ TLCEvalDefinition("Next1") = x + 1
First == x = 0 => Trace = <<[x |-> 0]>>
Steps == PickSuccessor(TRUE)
Shown == [x |-> x, t |-> Trace]
AtEnd == LET c == CounterExample
             place == [beginLine |-> 26, beginColumn |-> 9, endLine |-> 26, endColumn |-> 27, module |-> "Extended"]
         IN  /\ \A e \in c.action : e[2] = [name |-> "Next", location |-> place] /\ e[3][1] = e[1][1] + 1
             /\ {s[1] : s \in c.state} = 1..3
             /\ \A s \in c.state : s[2].x = s[1] - 1
             /\ [i \in 1..3 |-> ToTrace(c)[i].x] = <<0, 1, 2>>
             /\ PrintT("as it should be")
=============================================================================
