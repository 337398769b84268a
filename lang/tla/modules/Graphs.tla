\* SPDX-License-Identifier: MIT
\* Directed graphs: records of nodes and of edges, which are pairs of nodes.
---- MODULE Graphs ----
LOCAL INSTANCE Naturals
LOCAL INSTANCE Sequences
LOCAL INSTANCE FiniteSets
LOCAL INSTANCE SequencesExt
LOCAL INSTANCE Relation
LOCAL INSTANCE Functions

IsDirectedGraph(G) ==
  G = [node |-> G.node, edge |-> G.edge] /\ G.edge \subseteq G.node \X G.node
DirectedSubgraph(G) ==
  {H \in [node : SUBSET G.node, edge : SUBSET (G.node \X G.node)] :
     IsDirectedGraph(H) /\ H.edge \subseteq G.edge}
Transpose(G) == [node |-> G.node, edge |-> {<<e[2], e[1]>> : e \in G.edge}]
IsUndirectedGraph(G) == IsDirectedGraph(G) /\ \A e \in G.edge : <<e[2], e[1]>> \in G.edge
UndirectedSubgraph(G) == {H \in DirectedSubgraph(G) : IsUndirectedGraph(H)}

Path(G) ==
  {p \in Seq(G.node) : p # <<>> /\ \A i \in 1..(Len(p) - 1) : <<p[i], p[i + 1]>> \in G.edge}
SimplePath(G) == \* no node twice, so none is longer than there are nodes
  {p \in SeqOf(G.node, Cardinality(G.node)) :
     /\ p # <<>>
     /\ IsInjective(p)
     /\ \A i \in 1..(Len(p) - 1) : <<p[i], p[i + 1]>> \in G.edge}
ConnectionsIn(G) ==
  LET Over[N \in SUBSET G.node] ==
        IF N = {} THEN [m, n \in G.node |-> m = n \/ <<m, n>> \in G.edge]
        ELSE LET u == CHOOSE u \in N : TRUE
                 Rest == Over[N \ {u}]
             IN  [m, n \in G.node |-> Rest[m, n] \/ (Rest[m, u] /\ Rest[u, n])]
  IN  Over[G.node]
AreConnectedIn(m, n, G) == ConnectionsIn(G)[m, n]
IsStronglyConnected(G) == \A m, n \in G.node : AreConnectedIn(m, n, G)
IsTreeWithRoot(G, r) ==
  /\ IsDirectedGraph(G)
  /\ r \in G.node
  /\ \A e \in G.edge : e[1] # r /\ \A f \in G.edge : e[1] = f[1] => e = f
  /\ \A n \in G.node : AreConnectedIn(n, r, G)

GraphUnion(G, H) == [node |-> G.node \cup H.node, edge |-> G.edge \cup H.edge]
IsBipartiteWithPartitions(G, U, V) ==
  /\ U \cap V = {}
  /\ G.node \subseteq U \cup V
  /\ \A e \in G.edge : (e[1] \in U /\ e[2] \in V) \/ (e[2] \in U /\ e[1] \in V)
HasCycle(G) ==
  LET Connected == ConnectionsIn(G)
  IN  \/ \E n \in G.node : <<n, n>> \in G.edge
      \/ \E m, n \in G.node : m # n /\ Connected[m, n] /\ Connected[n, m]
IsDag(G) == IsDirectedGraph(G) /\ ~ HasCycle(G)

Successors(G, n) == {m \in G.node : <<n, m>> \in G.edge}
AllSuccessors(G, S) == UNION {Successors(G, n) : n \in S}
Predecessors(G, n) == {m \in G.node : <<m, n>> \in G.edge}
AllPredecessors(G, S) == UNION {Predecessors(G, n) : n \in S}
LOCAL Reach(G) ==
  TransitiveClosure([p \in G.node \X G.node |-> <<p[1], p[2]>> \in G.edge], G.node)
Ancestors(G, n) == {m \in G.node : Reach(G)[m, n]}
Descendants(G, n) == {m \in G.node : Reach(G)[n, m]}
InDegree(G, n) == Cardinality(Predecessors(G, n))
OutDegree(G, n) == Cardinality(Successors(G, n))
Roots(G) == {n \in G.node : Predecessors(G, n) = {}}
Leaves(G) == {n \in G.node : Successors(G, n) = {}}
EmptyGraph == [node |-> {}, edge |-> {}]
Graphs(S) == [node : {S}, edge : SUBSET (S \X S)]
====
