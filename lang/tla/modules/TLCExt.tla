\* SPDX-License-Identifier: MIT
\* More of what specifications ask of the checker. What stands for a value here, CHOOSE v : TRUE,
\* is given by the evaluator.
---- MODULE TLCExt ----
LOCAL INSTANCE TLC
LOCAL INSTANCE Integers

LOCAL Given == CHOOSE v : TRUE

AssertEq(a, b) ==
  IF a = b THEN TRUE ELSE PrintT("Assertion failed") /\ PrintT(a) /\ PrintT(b) /\ FALSE
AssertError(err, exp) == Given
TLCGetOrDefault(key, defaultVal) == Given
TLCGetAndSet(key, Op(_, _), val, defaultVal) ==
  LET old == TLCGetOrDefault(key, defaultVal)
  IN  IF TLCSet(key, Op(old, val)) THEN old ELSE old
Trace == Given
CounterExample == Given
ToTrace(CE) == Given
TLCModelValue(str) == Given
TLCDefer(expression) == TRUE
TLCNoOp(val) == val
PickSuccessor(exp) == IF exp THEN TRUE ELSE Given
TLCCache(expression, closure) == expression
TLCFP(var) == Given
TLCEvalDefinition(definitionName) == Given
====
