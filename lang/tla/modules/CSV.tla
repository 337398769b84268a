\* SPDX-License-Identifier: MIT
\* Lines of values in text files. What stands for a value here, CHOOSE v : TRUE, is given by the
\* evaluator.
---- MODULE CSV ----
LOCAL Given == CHOOSE v : TRUE

CSVWrite(template, val, file) == Given
CSVWriteRecord(record, delim, headers, file) == Given
CSVRead(columns, delimiter, file) == Given
CSVRecords(file) == Given
====
