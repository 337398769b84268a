-------------------------------- MODULE Ends --------------------------------
(* Every way in which a check can end, each by a configuration of its own. *)
EXTENDS Naturals, Sequences, FiniteSets, TLC, TLCExt

CONSTANTS N, S

VARIABLES x, y

vars == <<x, y>>
Init == x = 0 /\ y = 0
Up == x < 3 /\ x' = x + 1 /\ y' = 0
Wrap == x = 3 /\ x' = 0 /\ y' = 0
Next == Up \/ Wrap
Stops == Up
Spec == Init /\ [][Next]_vars
Fair == Spec /\ WF_vars(Next)

\* initial states
InitNone == x \in {} /\ y = 0
InitWord == x = 1 + "a" /\ y = 0
InitIndex == x = <<1>>[2] /\ y = 0
InitAssert == x = 0 /\ Assert(FALSE, "no start") /\ y = 0
InitPartial == x = 0
InitKind == x = 0 /\ 3 /\ y = 0

\* steps
NextWord == x' = x + "a" /\ y' = 0
NextIndex == x' = <<1>>[x + 2] /\ y' = 0
NextAssert == Next /\ Assert(x < 2, "too far")
NextPartial == x' = x + 1
NextKind == x' = x + 1 /\ "a" /\ y' = 0
NextNumber == 7
NextCompare == x' = x + 1 /\ y' = 0 /\ 1 = "a"
NextEndless == x' \in Nat /\ y' = 0
NextChoose == x' = (CHOOSE z \in {} : TRUE) /\ y' = 0
RECURSIVE Deep(_)
Deep(n) == 1 + Deep(n + 1)
NextDeep == x' = Deep(0) /\ y' = 0
NextExit == Next /\ TLCSet("exit", x = 2)

\* predicates
Good == x < 4
Bad == x < 2
NotZero == x # 0
InvWord == x + "a" = 0
InvWordLater == x < 2 \/ x + "a" = 0
InvIndex == <<1>>[2] = 0
InvKind == x
InvAssert == Assert(x < 2, "asserted")
InvPrimed == x' = 0
False == FALSE
CnstWord == x + "a" = 0
CnstKind == x
ActWord == x' + "a" = 0
ActKind == x'
ViewWord == x + "a"
AliasWord == x + "a"

\* properties
Steps == [][x' = x + 1]_x
StepsWord == [][x' = x + "a"]_x
StepsKind == [][x']_x
StepsAssert == [][Assert(x < 2, "asserted step")]_x
Starts == x = 1
StartsWord == x + "a" = 0
Always == []Bad
AlwaysWord == []InvWordLater
Live == <>(x = 3)
Dead == <>(x = 5)
Action == x' = x

\* the end
PostFalse == TLCGet("distinct") = 0
PostWord == 1 + "a" = 0
PostAssert == Assert(FALSE, "asserted end")
PostTrue == TRUE
Perms == Permutations(S)
PermsWord == {1, "a"}

\* specifications and properties through arguments, LET and constants
Same(F) == F
With(F) == F /\ [][Next]_vars
Apply(F(_), G) == F(G)
SpecSame == Same(Spec)
SpecWith == With(x = 1 /\ y = 0)
SpecApply == Apply(Same, Spec)
SpecLambda == Apply(LAMBDA i : i /\ [][Next]_vars, x = 2 /\ y = 0)
SpecLet == LET Start(n) == x = n /\ y = 0
               Step == Up
               f[i \in 0..3] == i > 0
           IN Start(2) /\ [][Step /\ f[x]]_vars
SpecNoInit == [][Next]_vars
SpecNoNext == Init
SpecFalse == Spec /\ False
SpecLiteral == FALSE /\ Spec
SpecUnnamed == Spec /\ 1 > 2
SpecTrue == Spec /\ PostTrue
SpecAlways == Spec /\ []Good
StepsArgument(A) == [][A]_vars
StepsSmall == Apply(StepsArgument, x' < 3)
AlwaysLet == LET P == x < 2 IN []P
Chance == RandomElement(1..1000000)
Variable == x + 1
One == 1
=============================================================================
