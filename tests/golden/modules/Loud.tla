-------------------------------- MODULE Loud --------------------------------
\* SPDX-License-Identifier: MIT
\* nodewise: TLC reads one stream to its end before the other, and waits for ever
\* args: --allow-exec
EXTENDS Naturals, Sequences, IOUtils

\* More than a pipe holds, on both streams.
ASSUME LET r == IOExec(<<"sh", "-c", "head -c 200000 /dev/zero | tr '\\0' x; head -c 200000 /dev/zero | tr '\\0' y >&2">>)
       IN  Len(r.stdout) = 200000 /\ Len(r.stderr) = 200000
=============================================================================
