\* SPDX-License-Identifier: MIT
\* What trace expressions see of the trace. What stands for a value here, CHOOSE v : TRUE, is given
\* by the evaluator.
---- MODULE Toolbox ----
_TETrace == CHOOSE v : TRUE
_TEPosition == CHOOSE v : TRUE
====
