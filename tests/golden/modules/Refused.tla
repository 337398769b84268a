------------------------------- MODULE Refused -------------------------------
\* SPDX-License-Identifier: MIT
\* nodewise: TLC starts any program
\* exit: 10
\* out: A specification may start programs only where --allow-exec is given.
EXTENDS IOUtils

ASSUME IOExec(<<"touch", "started">>).exitValue = 0
=============================================================================
