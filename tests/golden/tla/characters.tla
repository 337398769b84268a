---- MODULE characters ----
a == x ? y
b == `x`
c == α
d == ;
e == 1 \foo 2
====
