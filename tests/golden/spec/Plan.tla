------------------------------- MODULE Plan -------------------------------
(* Jobs that are handed out: each form that an action is made of, for --explain. *)
EXTENDS Naturals, Sequences, FiniteSets, TLC
CONSTANTS Worker, None
VARIABLES queue, owner, count

vars == <<queue, owner, count>>
Half == Cardinality(Worker) \div 2
Init == /\ queue \in {<<>>, <<1>>}
        /\ owner \in [Worker -> {None}]
        /\ count = Len(queue)

Busy == {w \in Worker : owner[w] # None}
Keep(v) == v' = v
RECURSIVE Total(_)
Total(s) == IF s = {} THEN 0 ELSE LET w == CHOOSE w \in s : TRUE IN count + Total(s \ {w})

Take(w) ==
  LET job == Head(queue) IN
  /\ queue # <<>>
  /\ owner[w] = None
  /\ queue' = Tail(queue)
  /\ owner' = [owner EXCEPT ![w] = job]
  /\ Keep(count)
Give == \E w \in Busy :
  /\ owner' = [owner EXCEPT ![w] = None]
  /\ IF count > Half
       THEN queue' = queue /\ count' = count
       ELSE /\ \/ queue' = Append(queue, Half)
               \/ UNCHANGED queue
            /\ count' \in {count, count + 1}
Late == /\ \/ count' = 0
           \/ count = 1
        /\ count' = count
        /\ \A v \in {queue} : queue' = v
        /\ PrintT(count) /\ Total(Busy) = 0
        /\ UNCHANGED owner
        /\ owner' \in {owner}
Both == (count' = 1 /\ UNCHANGED <<queue, owner>>) \cdot (UNCHANGED vars)
Next == (\E w \in Worker : Take(w)) \/ Give \/ Late \/ Both
Spec == Init /\ [][Next]_vars

Few == count < 5
Bounded == Len(queue) < 3
Forward == count' >= count
Rises == [][count' >= count]_count
Seen == <<queue, owner>>
Same == Permutations(Worker)
=============================================================================
