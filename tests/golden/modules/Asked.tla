------------------------------- MODULE Asked -------------------------------
\* SPDX-License-Identifier: MIT
\* What TLCGet knows, and TLCSet keeps: in assumptions, predicates, actions, at the end.
EXTENDS Integers, Sequences, FiniteSets, TLC, TLCExt

VARIABLE x

Counts == TLCGet("stats")
Places == {[beginLine |-> 0, beginColumn |-> 0, endLine |-> 0, endColumn |-> 0, module |-> "--TLA+ BUILTINS--"]}

ASSUME DOMAIN Counts = {"generated", "distinct", "queue", "initial", "diameter", "duration", "worker"}
ASSUME Counts.generated = 0 /\ Counts.distinct = 0 /\ Counts.queue = 0 /\ Counts.initial = 0 /\ Counts.diameter = 1
ASSUME TLCGet("level") = 0 /\ TLCGet("diameter") = 1 /\ TLCGet("generated") = 0 /\ TLCGet("distinct") = 0
ASSUME TLCGet("queue") = 0 /\ TLCGet("duration") >= 0
ASSUME LET c == TLCGet("config")
       IN  /\ DOMAIN c = {"mode", "deadlock", "worker", "seed", "fingerprint", "install"}
           /\ c.mode = "bfs" /\ c.deadlock = FALSE /\ c.worker = 1
ASSUME DOMAIN TLCGet("revision") = {"timestamp", "date", "count", "tag", "calver"}
ASSUME TLCGet("revision").timestamp > 1628118195
ASSUME TLCGet("-Dnobody.set.it") = "-Dnobody.set.it"
ASSUME LET s == TLCGet("spec")
       IN  /\ {a.name : a \in s.actions} = {"Up", "Stay"} /\ {i.name : i \in s.inits} = {"Init"}
           /\ {i.name : i \in s.invariants} = {"Asked1", "Asked2"} /\ {v.name : v \in s.variables} = {"x"}
           /\ {c.name : c \in s.constraints} = {"Small"} /\ {c.name : c \in s.actionconstraints} = {"Steps"}
           /\ s.temporals = {} /\ s.impliedinits = {} /\ s.impliedactions = {} /\ s.impliedtemporals = {}
           /\ (CHOOSE v \in s.variables : TRUE).location =
                [beginLine |-> 6, beginColumn |-> 10, endLine |-> 6, endColumn |-> 10, module |-> "Asked"]

ASSUME TLCSet(1, 5) /\ TLCSet(1000, 6) /\ TLCSet("s:name", <<7>>)
ASSUME TLCGet(1) = 5 /\ TLCGet(1000) = 6 /\ TLCGet("s:name") = <<7>>
ASSUME TLCGetOrDefault(2, "none") = "none" /\ TLCGetOrDefault(1, "none") = 5
ASSUME TLCGetOrDefault("s:other", "none") = "none" /\ TLCGetOrDefault("s:name", "none") = <<7>>
ASSUME TLCGetAndSet(1, LAMBDA a, b : a + b, 10, 0) = 5 /\ TLCGet(1) = 15
ASSUME TLCGetAndSet(3, LAMBDA a, b : a + b, 10, 100) = 100 /\ TLCGet(3) = 110
ASSUME TLCGet("all") = (1 :> <<15>> @@ 3 :> <<110>> @@ 1000 :> <<6>>)
ASSUME TLCGet("all:named") = ("s:name" :> <<<<7>>>>)
ASSUME TLCSet(7, 0)

Init == x = 0 /\ TLCGet("level") = 0
Up == x < 3 /\ x' = x + 1 /\ TLCGet("level") = x + 1 /\ TLCSet(7, TLCGet(7) + 1)
Stay == x = 3 /\ UNCHANGED x
Next == Up \/ Stay
Asked1 == TLCGet("level") \in {x + 1, x + 2} /\ TLCGet("diameter") = x + 1
Asked2 == TLCGet("action") = [name |-> "UnnamedAction", location |-> CHOOSE p \in Places : TRUE]
Small == TLCGet("level") \in {x + 1, x + 2}
Steps == x < 3 => TLCGet("level") = x + 1
AtEnd == /\ [Counts EXCEPT !.duration = 0] =
              [generated |-> 5, distinct |-> 4, queue |-> 0, initial |-> 1, diameter |-> 4, duration |-> 0, worker |-> 0]
         /\ TLCGet("level") = 0
         /\ TLCGet("all")[7] = <<3>> /\ TLCGet("all")[1] = <<15>> /\ TLCGet("all")[1000] = <<6>>
         /\ CounterExample = [action |-> {}, state |-> {}]
=============================================================================
