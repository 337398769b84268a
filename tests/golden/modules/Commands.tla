------------------------------ MODULE Commands ------------------------------
\* SPDX-License-Identifier: MIT
\* Commands, with their words as they are.
\* args: --allow-exec
EXTENDS Naturals, Sequences, TLC, IOUtils

ASSUME IOExec(<<"echo", "a b", "$HOME">>) = [exitValue |-> 0, stdout |-> "a b $HOME\n", stderr |-> ""]
ASSUME IOExec(<<"sh", "-c", "echo out; echo err >&2; exit 3">>) =
         [exitValue |-> 3, stdout |-> "out\n", stderr |-> "err\n"]
ASSUME IOEnvExec([A1 |-> "v", A2 |-> 42], <<"sh", "-c", "echo $A1 $A2 $NW_TEST">>).stdout = "v 42 found\n"
ASSUME IOEnvExec([NW_TEST |-> "v"], <<"sh", "-c", "echo $NW_TEST">>).stdout = "v\n"
ASSUME IOExecTemplate(<<"echo", "%s", "%s">>, <<"x", "y">>).stdout = "x x\n"
ASSUME IOExecTemplate(<<"echo", "%2$s %1$s %%">>, <<"x", "y">>).stdout = "y x %\n"
ASSUME IOEnvExecTemplate([A1 |-> "v"], <<"sh", "-c", "echo $A1 %1$s">>, <<"p">>).stdout = "v p\n"
=============================================================================
