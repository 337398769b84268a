---- MODULE GraphMods ----
EXTENDS Integers, Sequences, FiniteSets, DyadicRationals, Combinatorics
G == INSTANCE Graphs
U == INSTANCE UndirectedGraphs

g == [node |-> 1..3, edge |-> {<<1, 2>>, <<2, 3>>}]
ASSUME G!IsDirectedGraph(g) /\ ~G!IsUndirectedGraph(g)
ASSUME G!Transpose(g).edge = {<<2, 1>>, <<3, 2>>}
ASSUME G!AreConnectedIn(1, 3, g) /\ ~G!AreConnectedIn(3, 1, g) /\ ~G!IsStronglyConnected(g)
ASSUME G!IsTreeWithRoot(G!Transpose(g), 1) /\ ~G!IsTreeWithRoot(g, 1)
ASSUME <<1, 2, 3>> \in G!Path(g) /\ <<2, 1>> \notin G!Path(g)
ASSUME G!SimplePath(g) = {<<1>>, <<2>>, <<3>>, <<1, 2>>, <<2, 3>>, <<1, 2, 3>>}
u == [node |-> 1..3, edge |-> {{1, 2}}]
ASSUME U!IsUndirectedGraph(u) /\ U!AreConnectedIn(1, 2, u) /\ ~U!AreConnectedIn(1, 3, u)
ASSUME U!ConnectedComponents(u) = {{1, 2}, {3}} /\ ~U!IsStronglyConnected(u)
ASSUME Add(Half(One), Half(One)) = One /\ PrettyPrint(Half(One)) = "1/2" /\ IsDyadicRational(Half(One))
ASSUME factorial[5] = 120 /\ choose(5, 2) = 10
====
