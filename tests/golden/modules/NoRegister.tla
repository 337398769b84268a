----------------------------- MODULE NoRegister -----------------------------
\* SPDX-License-Identifier: MIT
\* exit: 10
\* out: TLCGet(4) was undefined.
EXTENDS TLC, Integers

ASSUME TLCGet(4) = 0
=============================================================================
