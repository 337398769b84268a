---- MODULE Strings ----
EXTENDS Sequences, TLC, Integers

ASSUME "abc" = "abc" /\ "abc" # "abd" /\ "" # " "
ASSUME "a" \in STRING /\ "" \in STRING
ASSUME {"b", "a"} = {"a", "b"}
ASSUME "a\"b" # "ab" /\ "a\\b" # "a\\\\b"
ASSUME Len("a\tb") = 3 /\ Len("\n") = 1
ASSUME "foo" \o "bar" = "foobar" /\ "" \o "" = ""
ASSUME ToString(12) = "12" /\ ToString(TRUE) = "TRUE"
ASSUME ToString("x") = "\"x\""
ASSUME ToString({2, 1}) = "{1, 2}" /\ ToString({}) = "{}"
ASSUME ToString(<<1, <<2>>>>) = "<<1, <<2>>>>" /\ ToString(<<>>) = "<<>>"
ASSUME ToString([a |-> 1]) = "[a |-> 1]"
ASSUME ToString(1..3) = "1..3" \/ ToString(1..3) = "{1, 2, 3}"
ASSUME ToString(<<"a">>) = "<<\"a\">>"
ASSUME ToString(-5) = "-5"
ASSUME [x \in {"a"} |-> 1] = [a |-> 1]
====
