------------------------------- MODULE Files -------------------------------
\* SPDX-License-Identifier: MIT
\* Texts and files of Json, CSV and IOUtils, from assumptions.
\* file: out.json {"a":1,"b":"x\"y","c":[1,2],"d":[1,3],"e":true}
\* file: out.csv "abc"#42#{"x", "y"}\n"abc";<<1>>\n
\* file: rec.csv foo#bar\n42#"frob"\n43#"frab"\n
\* file: out.txt SOME text\nmore appended
EXTENDS Naturals, Sequences, FiniteSets, TLC, Json, CSV, IOUtils

V == [a |-> 1, b |-> "x\"y", c |-> <<1, 2>>, d |-> {3, 1}, e |-> TRUE]
Old == [format |-> "TXT", charset |-> "UTF-8"]
Open(words) == [format |-> "TXT", charset |-> "UTF-8", openOptions |-> words]

ASSUME ToJson([f |-> [z \in {7, 8} |-> z], g |-> << >>]) = "{\"f\":{\"7\":7,\"8\":8},\"g\":[]}"
ASSUME ToJson(<<1, "a", {<<1>>}>>) = "[1,\"a\",[[1]]]" /\ ToJson({}) = "[]" /\ ToJson(3) = "3"
ASSUME ToJson(1 :> 2 @@ 3 :> 4) = "{\"1\":2,\"3\":4}" /\ ToJson(0..2) = "[0,1,2]"
ASSUME ToJsonArray(<<1, 2>>) = "[1,2]" /\ ToJsonArray({1, 2}) = "[1,2]"
ASSUME ToJsonObject(<<1, 2>>) = "{\"0\":1,\"1\":2}"

ASSUME JsonSerialize("out.json", V)
ASSUME JsonDeserialize("out.json") = [V EXCEPT !.d = <<1, 3>>]
ASSUME ndJsonSerialize("out.ndjson", <<[a |-> 1], <<1, 2>>, [b |-> {2}]>>)
ASSUME ndJsonDeserialize("out.ndjson") = <<[a |-> 1], <<1, 2>>, [b |-> <<2>>]>>

ASSUME CSVRecords("nowhere.csv") = 0 /\ CSVRead(<<"a">>, ",", "nowhere.csv") = << >>
ASSUME CSVWrite("%1$s#%2$s#%3$s", <<"abc", 42, {"x", "y"}>>, "out.csv") /\ CSVRecords("out.csv") = 1
ASSUME CSVWrite("%s;%s", <<"abc", <<1>>>>, "out.csv") /\ CSVRecords("out.csv") = 2
ASSUME CSVWriteRecord([foo |-> 42] @@ [bar |-> "frob"], "#", CSVRecords("rec.csv") = 0, "rec.csv")
ASSUME CSVWriteRecord([foo |-> 43] @@ [bar |-> "frab"], "#", CSVRecords("rec.csv") = 0, "rec.csv")
ASSUME CSVRead(<<"foo", "bar">>, "#", "rec.csv") =
         <<[foo |-> "foo", bar |-> "bar"], [foo |-> "42", bar |-> "\"frob\""],
           [foo |-> "43", bar |-> "\"frab\""]>>

ASSUME Serialize("some text\nmore", "out.txt", Open(<<"WRITE", "CREATE", "TRUNCATE_EXISTING">>)) =
         [exitValue |-> 0, stdout |-> "Finish writing to the file with success!", stderr |-> ""]
ASSUME Serialize(" appended", "out.txt", Open(<<"APPEND">>)).exitValue = 0
ASSUME Serialize("SOME", "out.txt", Open(<<"WRITE">>)).exitValue = 0
ASSUME Serialize("x", "none.txt", Open(<<"APPEND">>)).exitValue = 1
ASSUME Serialize("x", "out.txt", Open(<<"CREATE_NEW", "WRITE">>)).exitValue = 1
ASSUME Deserialize("out.txt", Old) =
         [exitValue |-> 0, stdout |-> "SOME text\nmore appended", stderr |-> ""]
ASSUME Deserialize("none.txt", Old).exitValue = 1

ASSUME IOSerialize(V, "out.bin", FALSE) /\ IODeserialize("out.bin", FALSE) = V
ASSUME IOSerialize(V, "out.gz", TRUE) /\ IODeserialize("out.gz", TRUE) = V
Values == <<"a", 1..3, {}, << >>, [x \in {<<1>>, <<2>>} |-> 5], {"a", "b"}, FALSE, "", [x \in 2..4 |-> x]>>
ASSUME IOSerialize(Values, "values.bin", FALSE) /\ IODeserialize("values.bin", FALSE) = Values

ASSUME IOEnv.NW_TEST = "found" /\ "PATH" \in DOMAIN IOEnv
ASSUME atoi("42") = 42 /\ atoi("-7") + 8 = 1
=============================================================================
