---- MODULE definitions ----
a = 1
b(x, 1) == x
c() == 1
1 == 2
d(x == 1
LOCAL
LOCAL ASSUME x
e == == 1
====
