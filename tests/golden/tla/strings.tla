---- MODULE strings ----
a == "open
b == "bad \q escape"
c == "x" "y"
d == 'c'
====
