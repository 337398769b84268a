\* SPDX-License-Identifier: MIT
\* Values as JSON texts and files. What stands for a value here, CHOOSE v : TRUE, is given by the
\* evaluator.
---- MODULE Json ----
LOCAL Given == CHOOSE v : TRUE

ToJson(value) == Given
ToJsonArray(value) == Given
ToJsonObject(value) == Given
JsonSerialize(absoluteFilename, value) == Given
JsonDeserialize(absoluteFilename) == Given
ndJsonSerialize(absoluteFilename, value) == Given
ndJsonDeserialize(absoluteFilename) == Given
====
