------------------------------ MODULE NoProgram ------------------------------
\* SPDX-License-Identifier: MIT
\* nodewise: the words of the error are ours
\* args: --allow-exec
\* exit: 10
\* out: The program nowhere-at-all cannot be started: No such file or directory.
EXTENDS IOUtils

ASSUME IOExec(<<"nowhere-at-all">>).exitValue = 0
=============================================================================
