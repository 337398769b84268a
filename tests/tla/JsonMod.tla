---- MODULE JsonMod ----
EXTENDS Json, IOUtils, Integers, Sequences

ASSUME ToJson(12) = "12" /\ ToJson(TRUE) = "true" /\ ToJson("a\"b") = "\"a\\\"b\""
ASSUME ToJson(<<1, 2>>) = "[1,2]" /\ ToJson({2, 1}) = "[1,2]" /\ ToJson(<<>>) = "[]"
ASSUME ToJson([a |-> 1]) = "{\"a\":1}" /\ ToJson([a |-> [b |-> <<1>>]]) = "{\"a\":{\"b\":[1]}}"
ASSUME ToJson([x \in {2, 3} |-> x]) = "{\"2\":2,\"3\":3}"
ASSUME ToJsonArray(<<"x">>) = "[\"x\"]" /\ ToJsonObject(<<7, 8>>) = "{\"0\":7,\"1\":8}"
ASSUME atoi("-12") = -12
====
