------------------------------- MODULE NoFile -------------------------------
\* SPDX-License-Identifier: MIT
\* nodewise: the words of the error are ours
\* exit: 10
\* out: The file nowhere.json: No such file or directory.
EXTENDS Json

ASSUME JsonDeserialize("nowhere.json") = 0
=============================================================================
