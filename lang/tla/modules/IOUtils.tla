\* SPDX-License-Identifier: MIT
\* Files, commands and the environment. What stands for a value here, CHOOSE v : TRUE, is given by
\* the evaluator.
---- MODULE IOUtils ----
LOCAL Given == CHOOSE v : TRUE

IOSerialize(val, absoluteFilename, compress) == Given
IODeserialize(absoluteFilename, compressed) == Given
Serialize(value, dest, options) == Given
Deserialize(src, options) == Given
IOExec(command) == Given
IOEnvExec(env, command) == Given
IOExecTemplate(commandTemplate, parameters) == Given
IOEnvExecTemplate(env, commandTemplate, parameters) == Given
IOEnv == Given
atoi(str) == Given
zeroPadN(n, width) == Given
====
