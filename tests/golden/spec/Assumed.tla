------------------------------ MODULE Assumed ------------------------------
EXTENDS Naturals, TLC
CONSTANT N
ASSUME PrintT(<<"N is", N>>)
ASSUME Positive == N > 0
ASSUME N # 3
=============================================================================
