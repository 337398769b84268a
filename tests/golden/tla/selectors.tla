---- MODULE selectors ----
a == M!
b == M!"x"
c == M!\b1
d == M!!x
e == !x
====
