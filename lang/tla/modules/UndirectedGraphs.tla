\* SPDX-License-Identifier: MIT
\* Undirected graphs: records of nodes and of edges, which are sets of one or two nodes.
---- MODULE UndirectedGraphs ----
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
LOCAL INSTANCE SequencesExt
LOCAL INSTANCE FiniteSets
LOCAL INSTANCE Folds
LOCAL INSTANCE Functions

IsUndirectedGraph(G) ==
  /\ G = [node |-> G.node, edge |-> G.edge]
  /\ \A e \in G.edge : \E a, b \in G.node : e = {a, b}
IsLoopFreeUndirectedGraph(G) ==
  /\ G = [node |-> G.node, edge |-> G.edge]
  /\ \A e \in G.edge : \E a, b \in G.node : a # b /\ e = {a, b}
UndirectedSubgraph(G) ==
  {H \in [node : SUBSET G.node, edge : SUBSET G.edge] : IsUndirectedGraph(H)}

Path(G) ==
  {p \in Seq(G.node) : p # <<>> /\ \A i \in 1..(Len(p) - 1) : {p[i], p[i + 1]} \in G.edge}
SimplePath(G) == \* no node twice, so none is longer than there are nodes
  {p \in SeqOf(G.node, Cardinality(G.node)) :
     /\ p # <<>>
     /\ IsInjective(p)
     /\ \A i \in 1..(Len(p) - 1) : {p[i], p[i + 1]} \in G.edge}

\* Each node's component: two components become one wherever an edge joins them.
ConnectedComponents(G) ==
  LET Join(e, C) ==
        LET Met == {c \in C : c \cap e # {}} IN (C \ Met) \cup {UNION Met}
  IN  MapThenFoldSet(Join, {{n} : n \in G.node}, LAMBDA e : e,
                     LAMBDA S : CHOOSE e \in S : TRUE, G.edge)
AreConnectedIn(m, n, G) == \E C \in ConnectedComponents(G) : {m, n} \subseteq C
IsStronglyConnected(G) == ConnectedComponents(G) = {G.node}
UndirectedGraphs(S) == [node : {S}, edge : SUBSET {{p[1], p[2]} : p \in S \X S}]
====
